import { invalidArgument } from '../common/errors';
import { parseSize } from '../common/units';
import { toDestination } from './destination';
import type { Mount } from './types';

/** How mounts and unmounts spread between the host and a container, mount_namespaces(7). */
export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

export const PROPAGATIONS: readonly string[] = [
  'private',
  'rprivate',
  'slave',
  'rslave',
  'shared',
  'rshared',
] satisfies Propagation[];

/** What becomes of what is mounted below a bind's source; the meanings are those of Docker's `bind-recursive`. */
export type Recursion = 'enabled' | 'disabled' | 'writable' | 'readonly';

export const RECURSIONS: readonly string[] = [
  'enabled',
  'disabled',
  'writable',
  'readonly',
] satisfies Recursion[];

/** Something to be mounted in a container: what Docker's `--mount` tells, field by field. */
export interface MountRequest {
  /**
   * `volume` (where not given): a volume of this root, made where it is missing. `bind`: a file or directory of the
   * host, which must be there. `tmpfs`: memory of the container's own.
   */
  type?: 'bind' | 'volume' | 'tmpfs';
  /** A volume's name, or a path of the host, absolute or beginning with a dot. A volume without it is anonymous. */
  source?: string;
  /** Absolute path in the container. */
  target: string;
  /** Nothing can be written to it. */
  readOnly?: boolean;
  /** Of a bind; `rprivate` where not given. */
  propagation?: Propagation;
  /** Of a bind; `enabled` where not given: what is mounted below comes along, and is read-only where the bind is. */
  recursive?: Recursion;
  /** The volume stays empty where it is new: nothing of the image is copied into it. */
  noCopy?: boolean;
  /** Of a bind or a volume, for a user namespace of its own: it has the container's ids, which are shifted as the image's are. */
  idmap?: boolean;
  /** Path in the volume of what is mounted; links in the volume do not lead out of it. */
  subpath?: string;
  /** Labels of the volume, where it is made. */
  labels?: Record<string, string>;
  /** Of a tmpfs, at most: bytes, or text such as `64m`. */
  size?: number | string;
  /** Permissions of a tmpfs, such as 0o1777. */
  mode?: number;
}

/** A request that was checked. */
export interface CheckedMount extends MountRequest {
  type: 'bind' | 'volume' | 'tmpfs';
  /** A bind's directory is made where it is missing, as Docker's `-v` does. */
  makeSource?: boolean;
  /** A volume that has no name of the user's. */
  anonymous?: boolean;
}

/** Names of volumes, as Docker has them. */
export const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * Refuse what Docker refuses, in its words, and make the target plain.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function checkMount(request: MountRequest): CheckedMount {
  checkShapes(request);
  const { type = 'volume', source = '', target } = request;
  const refuse = (reason: string) => invalidArgument(`invalid mount config for type "${type}": ${reason}`);
  if (!target) throw refuse('field Target must not be empty');
  const checked = { ...request, type, target: toDestination(target) };
  switch (type) {
    case 'bind':
      if (!source) throw refuse('field Source must not be empty');
      if (!source.startsWith('/') && !source.startsWith('.')) {
        throw refuse(`invalid mount path: '${source}' mount path must be absolute`);
      }
      break;
    case 'volume':
      if (source) checkVolumeName(source);
      else if (request.readOnly) throw refuse('must not set ReadOnly mode when using anonymous volumes');
      else if (request.subpath) throw refuse('must not set Subpath when using anonymous volumes');
      if (request.subpath?.startsWith('/')) throw refuse('subpath must be a relative path within the volume');
      break;
    case 'tmpfs':
      if (source) throw refuse('field Source must not be specified');
      if (request.idmap) throw refuse('idmap is for binds and volumes');
      break;
    default:
      throw refuse('mount type unknown');
  }
  checkFields(checked, refuse);
  return checked;
}

/** Types that fields have at run time: callers of the API need not have had TypeScript's checks. */
const SHAPES: Record<string, readonly string[]> = {
  type: ['string'],
  source: ['string'],
  target: ['string'],
  readOnly: ['boolean'],
  propagation: ['string'],
  recursive: ['string'],
  noCopy: ['boolean'],
  idmap: ['boolean'],
  subpath: ['string'],
  labels: ['object'],
  size: ['number', 'string'],
  mode: ['number'],
};

function checkShapes(request: object): void {
  for (const [name, value] of Object.entries(request)) {
    const shapes = Object.hasOwn(SHAPES, name) ? SHAPES[name]! : [];
    if (value !== undefined && !shapes.includes(typeof value)) {
      throw invalidArgument(
        `invalid mount: ${name} ${shapes.length === 0 ? 'is unknown' : `must be a ${shapes.join(' or a ')}`}`,
      );
    }
  }
}

/** @throws SkiffError INVALID_ARGUMENT in Docker's words */
export function checkVolumeName(name: string): string {
  if (name.length === 1) {
    throw invalidArgument(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
      { path: name },
    );
  }
  if (!VOLUME_NAME.test(name) || name.length > 255) {
    throw invalidArgument(
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
      {
        path: name,
        remedy: 'If a directory of the host is meant, give its absolute path, or one that begins with a dot.',
      },
    );
  }
  return name;
}

/** Fields, by the one type that has them and by what Docker calls them together. */
const FIELDS: Record<CheckedMount['type'], { group: string; names: readonly (keyof MountRequest)[] }> = {
  bind: { group: 'BindOptions', names: ['propagation', 'recursive'] },
  volume: { group: 'VolumeOptions', names: ['noCopy', 'subpath', 'labels'] },
  tmpfs: { group: 'TmpfsOptions', names: ['size', 'mode'] },
};

function checkFields(request: CheckedMount, refuse: (reason: string) => Error): void {
  for (const [type, { group, names }] of Object.entries(FIELDS)) {
    if (type !== request.type && names.some(name => request[name] !== undefined)) {
      throw refuse(`field ${group} must not be specified`);
    }
  }
  const { propagation, recursive, readOnly, mode, size } = request;
  if (propagation !== undefined && !PROPAGATIONS.includes(propagation)) {
    throw refuse(`invalid propagation mode: ${propagation}`);
  }
  if (recursive !== undefined && !RECURSIONS.includes(recursive)) {
    throw refuse(`invalid recursive mode: ${recursive}`);
  }
  if ((recursive === 'writable' || recursive === 'readonly') && !readOnly) {
    throw refuse(`recursive mode ${recursive} needs a read-only mount`);
  }
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) {
    throw refuse(`invalid mode: ${mode}`);
  }
  if (size !== undefined) toSize(size, refuse);
}

function toSize(size: number | string, refuse: (reason: string) => Error): number {
  const bytes = typeof size === 'string' ? parseSize(size) : size;
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw refuse(`invalid size: ${size}`);
  return bytes;
}

/**
 * The mount that a request stands for.
 *
 * @param source path of the host; of no meaning for a tmpfs
 */
export function toMount(request: CheckedMount, source: string): Mount {
  const { type, target: destination, subpath } = request;
  if (type === 'tmpfs') {
    return { destination, type, source: 'tmpfs', options: tmpfsOptions(request) };
  }
  return {
    destination,
    type: 'bind',
    source,
    options: request.idmap ? [...bindOptions(request), 'idmap'] : bindOptions(request),
    ...(subpath && { subpath }),
  };
}

/** Of a bind without a mode: one for all, since there may be thousands. */
const PLAIN = ['rbind', 'rprivate'];
const READONLY = [...PLAIN, 'rro'];

function bindOptions({ recursive = 'enabled', propagation = 'rprivate', readOnly }: CheckedMount): string[] {
  if (recursive === 'enabled' && propagation === 'rprivate') return readOnly ? READONLY : PLAIN;
  const bind = recursive === 'disabled' ? 'bind' : 'rbind';
  const readonly = recursive === 'writable' ? 'ro' : 'rro';
  return [bind, propagation, ...(readOnly ? [readonly] : [])];
}

function tmpfsOptions({ readOnly, size, mode }: CheckedMount): string[] {
  return [
    readOnly ? 'ro' : 'rw',
    'noexec',
    'nosuid',
    'nodev',
    ...(size === undefined ? [] : [`size=${toSize(size, invalidArgument)}`]),
    ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
  ];
}
