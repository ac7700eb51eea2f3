import fs from 'node:fs';
import path from 'node:path';
import { errorCode, invalidArgument, SkiffError } from '../common/errors';
import { toDestination } from '../spec/destination';
import type { CollectOption, CollectedFile, StartOptions } from './options';
import { isFull } from './storage-size';

/** Bytes of one collected file where nothing is said. */
const MAX_BYTES = 10 * 1024 * 1024;

/** O_DIRECTORY keeps a FIFO from being waited at, and O_NOFOLLOW a link from being followed. */
const DIRECTORY_FLAGS = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
const FILE_FLAGS = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW;

const REASONS: Record<string, string> = {
  ELOOP: 'a symbolic link',
  ENOTDIR: 'a symbolic link, or not a directory',
  ENXIO: 'not a regular file',
};

interface Wanted {
  /** Absolute, made plain. */
  file: string;
  /** As it was asked for. */
  name: string;
  maxBytes: number;
}

/** A file system of a container that outlives it while its root is open here. */
interface OpenMount {
  destination: string;
  fd: number;
}

/**
 * Takes files out of a container after its end: of its tmpfs mounts, which are gone by then for everybody else, and of its
 * root. No process of it is left by then, so that what was looked at stays as it is; a symbolic link anywhere on the way is
 * never followed.
 */
export class Collector {
  private readonly wanted: Wanted[];
  private readonly mounts: OpenMount[] = [];

  /** @throws SkiffError INVALID_ARGUMENT */
  constructor(
    collect: readonly CollectOption[],
    private readonly tmpfs: readonly string[],
  ) {
    this.wanted = collect.map(toWanted);
  }

  /** Whether it is to be asked for a parked container's mounts, and for files later. */
  get isNeeded(): boolean {
    return this.wanted.length > 0;
  }

  /**
   * Open the mounts that files will be taken from, or that may be full at the end. Nothing of the container's runs yet.
   *
   * @param pid of its parked init
   */
  open(pid: number): void {
    const destinations = this.tmpfs.map(text => toDestination(text.split(':', 1)[0]!));
    // The deepest first: it is the one that a path is in.
    for (const destination of destinations.sort((a, b) => b.length - a.length)) {
      const isNeeded = this.wanted.some(({ file }) => isBelow(file, destination));
      const fd = openMount(pid, destination, isNeeded);
      if (fd !== undefined) this.mounts.push({ destination, fd });
    }
  }

  /**
   * @param root where the container's root file system is seen on the host
   * @returns by the path that was asked for; what is not there is left out, and what cannot be taken has its error
   */
  collect(root: string): Record<string, CollectedFile> {
    const found: Record<string, CollectedFile> = {};
    for (const { file, name, maxBytes } of this.wanted) {
      const mount = this.mounts.find(({ destination }) => isBelow(file, destination));
      const [top, below] = mount
        ? [`/proc/self/fd/${mount.fd}`, path.relative(mount.destination, file)]
        : [root, path.relative('/', file)];
      const collected = read(top, below, maxBytes);
      if (collected) found[name] = collected;
    }
    return found;
  }

  /** Whether one of the open mounts is full. One without a limit has 0 of 0. */
  get isFull(): boolean {
    return this.mounts.some(({ fd }) => isFull(`/proc/self/fd/${fd}`));
  }

  close(): void {
    for (const { fd } of this.mounts.splice(0)) fs.closeSync(fd);
  }
}

/** @throws SkiffError where a link of the image leads away from there, and it is needed */
function openMount(pid: number, destination: string, isNeeded: boolean): number | undefined {
  try {
    return openBelow(`/proc/${pid}/root`, destination);
  } catch (cause) {
    if (!isNeeded) return undefined;
    const code = errorCode(cause) ?? 'EIO';
    throw new SkiffError(`cannot collect files: ${destination}: ${REASONS[code] ?? code}`, {
      code,
      path: destination,
      cause,
    });
  }
}

function toWanted(option: CollectOption): Wanted {
  const { path: name, maxBytes = MAX_BYTES } = typeof option === 'string' ? { path: option } : option;
  if (!(Number.isSafeInteger(maxBytes) && maxBytes >= 0))
    throw invalidArgument(`invalid maxBytes: ${maxBytes}`);
  if (name.includes('\0')) throw invalidArgument('NUL byte in option collect');
  return { file: toDestination(name), name, maxBytes };
}

function isBelow(file: string, directory: string): boolean {
  return file.startsWith(`${directory}/`);
}

/** A directory by its path, each step of which must be one. */
function openBelow(top: string, below: string): number {
  let fd = fs.openSync(top, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  for (const part of below.split('/').filter(Boolean)) {
    const parent = fd;
    try {
      fd = fs.openSync(`/proc/self/fd/${parent}/${part}`, DIRECTORY_FLAGS);
    } finally {
      fs.closeSync(parent);
    }
  }
  return fd;
}

function read(top: string, below: string, maxBytes: number): CollectedFile | undefined {
  try {
    const directory = openBelow(top, path.dirname(below) === '.' ? '' : path.dirname(below));
    try {
      return readFile(`/proc/self/fd/${directory}/${path.basename(below)}`, maxBytes);
    } finally {
      fs.closeSync(directory);
    }
  } catch (error) {
    const code = errorCode(error) ?? 'EIO';
    if (code === 'ENOENT') return undefined;
    return {
      error: new SkiffError(`cannot collect /${below}: ${REASONS[code] ?? code}`, { code, cause: error }),
    };
  }
}

function readFile(file: string, maxBytes: number): CollectedFile {
  const fd = fs.openSync(file, FILE_FLAGS);
  try {
    const about = fs.fstatSync(fd);
    if (!about.isFile()) throw new SkiffError('not a regular file', { code: 'ENXIO' });
    const content = Buffer.alloc(Math.min(about.size, maxBytes));
    let length = 0;
    for (let more = -1; more !== 0 && length < content.length; length += more) {
      more = fs.readSync(fd, content, length, content.length - length, length);
    }
    return {
      content: content.subarray(0, length),
      mode: about.mode & 0o777,
      truncated: about.size > maxBytes,
    };
  } finally {
    fs.closeSync(fd);
  }
}

/** Files that a container's options ask for. */
export function collectorOf({ collect = [], tmpfs = [] }: StartOptions): Collector {
  return new Collector(collect, tmpfs);
}
