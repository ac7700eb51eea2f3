import { SkiffError } from '../common/errors';
import type { UnpackEntry } from '../native';
import type { PaxRecords } from './pax';
import type { TarHeader } from './tar-header';
import { bytesOf, entryName, linkTarget, MAX_PATH, quoted, unsafeEntry, type ByteName } from './tar-names';

/** An archive's entry, checked: what is to be written for it. */
export interface TarEntry {
  /** Below the layer's root; '' is the root. */
  name: ByteName;
  /** Ready for the native part, but for a file's contents. */
  write: UnpackEntry;
}

/** Typeflags of pax(1): the file types of stat(2), inode(7), and what the native part makes of them. */
const TYPES: Readonly<Record<string, { format: number; kind: UnpackEntry['kind'] } | undefined>> = {
  '0': { format: 0o100000, kind: 'file' },
  // Contiguous, which no Linux file system tells apart.
  '7': { format: 0o100000, kind: 'file' },
  '1': { format: 0o100000, kind: 'link' },
  '2': { format: 0o120000, kind: 'symlink' },
  '3': { format: 0o020000, kind: 'node' },
  '4': { format: 0o060000, kind: 'node' },
  '5': { format: 0o040000, kind: 'directory' },
  '6': { format: 0o010000, kind: 'node' },
};

/** The highest of 32 bits means "leave it as it is", chown(2). */
const MAX_ID = 2 ** 32 - 2;
/** Of a dev_t, include/linux/kdev_t.h. */
const MAX_MAJOR = 2 ** 12 - 1;
const MAX_MINOR = 2 ** 20 - 1;

/** How GNU tar and libarchive spell extended attributes in a pax header. */
const XATTR = 'SCHILY.xattr.';
/** What overlayfs says to itself: an archive that brings it could show parts of the host under another name. */
const OVERLAY_PRIVATE = /^(trusted|user)\.overlay\./;

/**
 * What is to be written for one entry.
 *
 * @throws SkiffError UNSAFE_TAR, or BROKEN_TAR for what can not be unpacked exactly
 */
export function tarEntry(header: TarHeader): TarEntry {
  const type = TYPES[header.type];
  if (type === undefined)
    throw brokenEntry(`${quoted(header.name)} has a type that can not be unpacked: ${quoted(header.type)}`);
  const name = entryName(header.name);
  if (name === '' && type.kind !== 'directory')
    throw unsafeEntry(`tar entry ${quoted(header.name)} would replace the layer`);
  return {
    name,
    write: {
      kind: type.kind,
      name: bytesOf(name),
      mode: type.format | header.mode,
      uid: whole(header, 'uid', MAX_ID),
      gid: whole(header, 'gid', MAX_ID),
      mtime: whole(header, 'mtime', Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
      mtimeNsec: header.mtimeNsec,
      ...moreOf(type.kind, header),
      ...xattrsOf(header.pax, header.name),
    },
  };
}

function moreOf(kind: UnpackEntry['kind'], header: TarHeader): Partial<UnpackEntry> | undefined {
  switch (kind) {
    case 'symlink':
      if (header.linkname.length > MAX_PATH)
        throw brokenEntry(`${quoted(header.name)} is a link to a name that is too long`);
      return { target: bytesOf(header.linkname) };
    case 'link':
      return { target: bytesOf(linkTarget(header.name, header.linkname)) };
    case 'node':
      return { major: whole(header, 'devmajor', MAX_MAJOR), minor: whole(header, 'devminor', MAX_MINOR) };
    default:
      return undefined;
  }
}

/** What the system calls take would be cut down to something else. @throws SkiffError BROKEN_TAR */
function whole(
  header: TarHeader,
  key: 'uid' | 'gid' | 'mtime' | 'devmajor' | 'devminor',
  most: number,
  least = 0,
): number {
  const value = header[key];
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw brokenEntry(`${quoted(header.name)} has a ${key} that can not be: ${value}`);
}

function brokenEntry(message: string): SkiffError {
  return new SkiffError(`tar entry ${message}`, { code: 'BROKEN_TAR', step: 'workspace' });
}

function xattrsOf(pax: PaxRecords, name: ByteName): Pick<UnpackEntry, 'xattrs'> | undefined {
  if (pax.size === 0) return undefined;
  const xattrs = [...pax]
    .filter(([key]) => key.startsWith(XATTR))
    .map(([key, value]) => ({ name: key.slice(XATTR.length), value }));
  const forged = xattrs.find(xattr => OVERLAY_PRIVATE.test(xattr.name));
  if (forged !== undefined)
    throw unsafeEntry(`tar entry ${quoted(name)} has an attribute of overlayfs: ${forged.name}`);
  return xattrs.length === 0 ? undefined : { xattrs };
}
