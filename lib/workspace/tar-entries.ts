import { SkiffError } from '../common/errors';
import type { UnpackEntry } from '../native';
import type { PaxHeaders, PaxRecords } from './pax';
import { bytesOf, entryName, linkTarget, quoted, unsafeEntry, type ByteName } from './tar-names';

/** An archive's entry, checked: what is to be written for it. */
export interface TarEntry {
  /** Below the layer's root; '' is the root. */
  name: ByteName;
  /** Ready for the native part, but for a file's contents. */
  write: UnpackEntry;
}

/** File types of stat(2), inode(7). */
const TYPES = {
  file: 0o100000,
  'contiguous-file': 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  'character-device': 0o020000,
  'block-device': 0o060000,
  link: 0o100000,
} as const;

/** How GNU tar and libarchive spell extended attributes in a pax header. */
const XATTR = 'SCHILY.xattr.';
/** What overlayfs says to itself: an archive that brings it could show parts of the host under another name. */
const OVERLAY_PRIVATE = /^(trusted|user)\.overlay\./;

/**
 * What is to be written for one entry.
 *
 * @param header as tar-stream gives it with `filenameEncoding: 'latin1'`
 * @throws SkiffError UNSAFE_TAR, or BROKEN_TAR for what can not be unpacked exactly
 */
export function tarEntry(header: PaxHeaders, pax: PaxRecords): TarEntry {
  const shown = pax.get('path')?.toString('latin1') ?? header.name;
  const type = typeOf(header, pax, shown);
  const name = entryName(shown);
  if (name === '' && type !== 'directory')
    throw unsafeEntry(`tar entry ${quoted(shown)} would replace the layer`);
  return {
    name,
    write: { kind: kindOf(type), name: bytesOf(name), ...targetOf(), ...metaOf(type, header, pax) },
  };

  function targetOf(): Pick<UnpackEntry, 'target'> {
    const target = pax.get('linkpath')?.toString('latin1') ?? header.linkname ?? '';
    if (type === 'symlink') return { target: bytesOf(target) };
    return type === 'link' ? { target: bytesOf(linkTarget(shown, target)) } : {};
  }
}

function typeOf({ type }: PaxHeaders, pax: PaxRecords, name: ByteName): keyof typeof TYPES {
  if ([...pax.keys()].some(key => key.startsWith('GNU.sparse.')))
    throw brokenEntry(`${quoted(name)} is in GNU tar's sparse format: make the tar without --sparse`);
  if (type === undefined || type === null || !(type in TYPES))
    throw brokenEntry(`${quoted(name)} has a type that can not be unpacked`);
  return type as keyof typeof TYPES;
}

function brokenEntry(message: string): SkiffError {
  return new SkiffError(`tar entry ${message}`, { code: 'BROKEN_TAR', step: 'workspace' });
}

function kindOf(type: keyof typeof TYPES): UnpackEntry['kind'] {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      return 'file';
    case 'fifo':
    case 'character-device':
    case 'block-device':
      return 'node';
    default:
      return type;
  }
}

function metaOf(type: keyof typeof TYPES, header: PaxHeaders, pax: PaxRecords): Partial<UnpackEntry> {
  const isDevice = type === 'character-device' || type === 'block-device';
  return {
    mode: TYPES[type] | ((header.mode ?? 0o644) & 0o7777),
    uid: numberIn(pax, 'uid') ?? header.uid ?? 0,
    gid: numberIn(pax, 'gid') ?? header.gid ?? 0,
    ...timeOf(pax, header.mtime),
    ...(isDevice ? { major: header.devmajor ?? 0, minor: header.devminor ?? 0 } : {}),
    ...xattrsOf(pax, header.name),
  };
}

/** A number of a pax record, which has no limits of size and may have fractions; undefined where it is none. */
function numberIn(pax: PaxRecords, key: string): number | undefined {
  const text = pax.get(key)?.toString('latin1');
  const value = text === undefined || text === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The modification time; extended headers have it with decimals, `1700000000.123456789`. */
function timeOf(pax: PaxRecords, time: Date | undefined): Pick<UnpackEntry, 'mtime' | 'mtimeNsec'> {
  const [, sign, whole, decimals = ''] =
    /^(-?)(\d+)(?:\.(\d*))?$/.exec(pax.get('mtime')?.toString('latin1') ?? '') ?? [];
  if (whole === undefined) {
    const ms = time?.getTime() ?? 0;
    return { mtime: Number.isFinite(ms) ? Math.floor(ms / 1000) : 0 };
  }
  const nsec = Number(decimals.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { mtime: Number(whole), mtimeNsec: nsec };
  return nsec === 0 ? { mtime: -Number(whole) } : { mtime: -Number(whole) - 1, mtimeNsec: 1e9 - nsec };
}

function xattrsOf(pax: PaxRecords, name: ByteName): Pick<UnpackEntry, 'xattrs'> {
  const xattrs = [...pax]
    .filter(([key]) => key.startsWith(XATTR))
    .map(([key, value]) => ({ name: key.slice(XATTR.length), value }));
  const forged = xattrs.find(xattr => OVERLAY_PRIVATE.test(xattr.name));
  if (forged !== undefined)
    throw unsafeEntry(`tar entry ${quoted(name)} has an attribute of overlayfs: ${forged.name}`);
  return xattrs.length === 0 ? {} : { xattrs };
}
