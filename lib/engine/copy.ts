import type { Readable } from 'node:stream';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import type { IdRange } from '../common/id-range';
import { DEFAULT_MAX_BYTES } from '../layers/layer';
import { withContainerLock } from '../runtime/detached/lock';
import {
  receiveTar,
  tarTree,
  withDescriptors,
  type Descriptors,
  type Owner,
  type ReceiveOptions,
} from '../workspace';
import { containerPath, localPath, sourceName } from './copy-paths';
import { findDestination, findDirectory, findSource, isDirectory, type Place } from './copy-place';
import { isRunning, openRoot, requireFiles, type FilesContext } from './files';
import type { ContainerInfo } from './info';

/** How a copy is made; Docker's flags of `cp`. */
export interface CopyOptions {
  /** Keep owner and group; else the copy is the super-user's in a container, and the caller's on the host. */
  archive?: boolean;
  /** Copy what a link at the end of the source's path leads to. */
  followLink?: boolean;
}

/** The same for an archive. */
export interface CopyArchiveOptions extends CopyOptions {
  /** Bytes of the uncompressed archive at most; {@link DEFAULT_MAX_BYTES} where not given. */
  maxBytes?: number;
}

/** A tar of something in a container, and what it is. */
export interface CopiedOut {
  /** The tar; to be read to its end, or destroyed. */
  stream: Readable;
  /** Whether what was asked for is one. */
  isDirectory: boolean;
}

/** How many bytes of archive went over. */
export interface Copied {
  bytes: number;
}

/**
 * A tar of a file or directory of a container, as its processes see it. No link leads out of the container, whatever
 * its processes do meanwhile.
 *
 * @param source path in the container; with `/.` at its end a directory's content
 * @param options.name what it is called in the tar, its own name where not given
 * @returns a stream to be read to its end, or destroyed
 * @throws SkiffError ENOENT with Docker's wording
 */
export async function copyOut(
  context: FilesContext,
  info: ContainerInfo,
  source: string,
  options: CopyOptions & { name?: string } = {},
): Promise<CopiedOut> {
  await requireFiles(info);
  const absolute = containerPath(source);
  return withSource(absolute, options, async held => ({
    root: await openRoot(context, info, held),
    held,
    container: info.name,
    ids: idsOf(info),
  }));
}

/**
 * Copy a file or directory of the host into a container, which may run. Docker's rules say what it is called there.
 *
 * @param source path on the host
 * @param destination path in the container
 * @throws SkiffError with Docker's wording
 */
export async function copyIn(
  context: FilesContext,
  info: ContainerInfo,
  source: string,
  destination: string,
  options: CopyOptions = {},
): Promise<Copied> {
  const absolute = localPath(source);
  return intoContainer(context, info, destination, async place => {
    const target = await sourceToPlace(place, absolute, containerPath(destination), options);
    return { ...target, owner: options.archive ? undefined : { uid: 0, gid: 0 } };
  });
}

/**
 * Unpack a tar, plain or compressed, into a directory of a container, which may run. Where it fails half-way, what came
 * before is there.
 *
 * @param archive read to its end
 * @param destination path of a directory in the container
 * @throws SkiffError TOO_LARGE; or with Docker's wording
 */
export async function copyArchiveIn(
  context: FilesContext,
  info: ContainerInfo,
  archive: Readable,
  destination: string,
  options: CopyArchiveOptions = {},
): Promise<Copied> {
  return intoContainer(context, info, destination, async place => ({
    stream: archive,
    directory: await findDirectory(place, containerPath(destination)),
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    owner: options.archive ? undefined : { uid: 0, gid: 0 },
  }));
}

/** Copy a file or directory of a container to the host; Docker's rules say what it is called there. */
export async function copyToHost(
  context: FilesContext,
  info: ContainerInfo,
  source: string,
  destination: string,
  options: CopyOptions = {},
): Promise<Copied> {
  await requireFiles(info);
  return withDescriptors(async held => {
    const inside = { root: await openRoot(context, info, held), held, container: info.name };
    const absolute = containerPath(source);
    const found = await findSource(inside, absolute, { follow: options.followLink ?? false });
    const host: Place = { root: -1, held, container: '' };
    const target = await findDestination(host, localPath(destination), { isDirectory: isDirectory(found) });
    const name = target.rename ?? sourceName(absolute);
    const stream = await treeOf(absolute, name, found, idsOf(info));
    const owner = options.archive ? undefined : { uid: process.getuid!(), gid: process.getgid!() };
    const where = localPath(destination);
    return receive(
      stream,
      { directory: target.directory, owner },
      { where, room: `on the file system of ${where}` },
    );
  });
}

/** While it runs, its files are seen with these; at rest they have their own. */
function idsOf(info: ContainerInfo): IdRange | undefined {
  return isRunning(info) && info.ids?.uid ? info.ids : undefined;
}

interface Incoming {
  stream: Readable;
  directory: number;
  owner?: Owner;
  maxBytes?: number;
}

async function intoContainer(
  context: FilesContext,
  info: ContainerInfo,
  destination: string,
  prepare: (place: Place) => Promise<Incoming>,
): Promise<Copied> {
  await requireFiles(info);
  const copy = () =>
    withDescriptors(async held => {
      const root = await openRoot(context, info, held, { writable: true });
      const { stream, ...incoming } = await prepare({ root, held, container: info.name });
      // It may be in a volume, or a tmpfs, of the container.
      const room = `where ${info.name}:${destination} is; the files of the container itself are in ${info.directory}`;
      return receive(stream, { ...incoming, into: idsOf(info) }, { where: info.name, room });
    });
  if (isRunning(info)) return copy();
  // Its write layer must not get a second mount, of a start, meanwhile.
  return withContainerLock(info.directory, copy);
}

async function sourceToPlace(
  place: Place,
  source: string,
  destination: string,
  { followLink }: CopyOptions,
): Promise<{ stream: Readable; directory: number }> {
  const host: Place = { root: -1, held: place.held, container: '' };
  const found = await findSource(host, source, { follow: followLink ?? false });
  const target = await findDestination(place, destination, { isDirectory: isDirectory(found) });
  return {
    stream: await treeOf(source, target.rename ?? sourceName(source), found),
    directory: target.directory,
  };
}

async function withSource(
  absolute: string,
  { followLink, name }: CopyOptions & { name?: string },
  open: (held: Descriptors) => Promise<Place & { ids: IdRange | undefined }>,
): Promise<CopiedOut> {
  return withDescriptors(async held => {
    const place = await open(held);
    const found = await findSource(place, absolute, { follow: followLink ?? false });
    const stream = await treeOf(absolute, name ?? sourceName(absolute), found, place.ids);
    return { stream, isDirectory: isDirectory(found) };
  });
}

/** The walk has its own descriptors: those of the look-up may be closed when this is open. */
function treeOf(source: string, name: string, { fd }: { fd: number }, ids?: IdRange): Promise<Readable> {
  const options = { top: fd, name, shown: source, tellTop: true, crossMounts: true, ids };
  return tarTree({ what: 'copy', name: source }, () => Promise.resolve(options));
}

/** Where it goes, for messages: its name, and where there would have to be room. */
interface Target {
  where: string;
  room: string;
}

async function receive(stream: Readable, options: ReceiveOptions, target: Target): Promise<Copied> {
  try {
    return { bytes: await receiveTar(stream, options) };
  } catch (error) {
    throw receiveError(target, error);
  } finally {
    stream.destroy();
  }
}

function receiveError({ where, room }: Target, error: unknown): unknown {
  const { path } = error as { path?: string };
  const remedy = SkiffError.is(error) ? error.remedy : undefined;
  const details = { code: errorCode(error) ?? 'COPY_FAILED', path, exitCode: 1, cause: error, remedy };
  switch (errorCode(error)) {
    case 'EISDIR':
      return new SkiffError(
        `copy to ${where}: cannot overwrite directory "${path}" with non-directory`,
        details,
      );
    case 'ENOTDIR':
      return new SkiffError(
        `copy to ${where}: cannot overwrite non-directory "${path}" with directory`,
        details,
      );
    case 'EROFS':
      return new SkiffError(`copy to ${where}: it is marked read-only`, details);
    case 'ENOSPC':
    case 'EDQUOT':
      return new SkiffError(`copy to ${where}: ${errorMessage(error)}`, {
        ...details,
        remedy: `Free space or inodes ${room}.`,
      });
    default:
      return new SkiffError(`copy to ${where}: ${errorMessage(error)}`, details);
  }
}
