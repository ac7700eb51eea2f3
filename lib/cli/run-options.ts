import fs from 'node:fs';
import { errorCode, invalidArgument, SkiffError } from '../common/errors';
import type { CreateOptions, StartOptions } from '../engine/options';
import { parseEnvFile, resolveEnvFlag } from '../spec/env';
import { parseLogOptions } from '../spec/life';
import { toDestinations, toInputFiles } from './files';
import type { FlagValues } from './flags';
import { toLimits } from './limits';
import { usageError } from './parse';
import type { runFlags } from './run-flags';

/**
 * What `run`'s flags ask of the engine; the streams are the session's.
 *
 * @param host environment that `-e NAME` reads
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toStartOptions(flags: FlagValues<typeof runFlags>, host: NodeJS.ProcessEnv): StartOptions {
  if (flags.rm && flags.keep) throw usageError('conflicting options: --rm and --keep', 'run');
  if (flags.image !== undefined && flags.rootfs !== undefined) {
    throw usageError('conflicting options: --image and --rootfs', 'run');
  }
  return withoutUndefined<StartOptions>({
    image: flags.image,
    rootfs: flags.rootfs,
    name: flags.name,
    env: toEnvironment(flags, host),
    cwd: flags.workdir,
    user: flags.user,
    hostname: flags.hostname,
    entrypoint: flags.entrypoint,
    ...toLimits(flags),
    timeout: flags.timeout,
    network: flags.network,
    userns: flags.userns,
    init: flags.init || undefined,
    readOnly: flags['read-only'],
    tmpfs: flags.tmpfs,
    volumes: flags.volume,
    mounts: flags.mount,
    volumesFrom: flags['volumes-from'],
    ulimits: flags.ulimit,
    sysctls: toSysctls(flags.sysctl),
    profile: flags.profile,
    work: flags.work,
    files: toInputFiles(flags.file),
    collect: [...toDestinations(flags.collect).keys()],
    cpuTime: flags['cpu-time'],
    capAdd: flags['cap-add'],
    capDrop: flags['cap-drop'],
    privileged: flags.privileged,
    devices: flags.device,
    securityOpt: flags['security-opt'],
    groupAdd: flags['group-add'],
    oomScoreAdj: flags['oom-score-adj'],
    shmSize: flags['shm-size'],
    storageOpt: toStorageOptions(flags['storage-opt']),
    keep: flags.keep,
    usage: false,
  });
}

/**
 * What the same flags ask of a container that outlives the command line.
 *
 * @param size of its terminal
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toCreateOptions(
  flags: FlagValues<typeof runFlags>,
  host: NodeJS.ProcessEnv,
  size: { rows: number; columns: number } | undefined,
): CreateOptions {
  if (flags.keep)
    throw usageError('conflicting options: --keep and --detach', 'run', undefined, 'It stays anyway.');
  return withoutUndefined<CreateOptions>({
    ...{ ...toStartOptions(flags, host), keep: undefined, usage: undefined },
    labels: toLabels(flags.label),
    restart: flags.restart,
    stopSignal: flags['stop-signal'],
    stopTimeout: flags['stop-timeout'],
    log: parseLogOptions(flags['log-driver'], flags['log-opt']),
    tty: flags.tty ? (size ?? true) : undefined,
    openInput: flags.interactive,
    remove: flags.rm,
  });
}

/** Docker's: a label without a value is an empty one. */
function toLabels(entries: string[]): Record<string, string> | undefined {
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(entry => {
      const [name = '', ...value] = entry.split('=');
      if (name === '') throw invalidArgument(`invalid label '${entry}': its name is empty`);
      return [name, value.join('=')];
    }),
  );
}

/** Files first, so that `-e` can overrule them, as in Docker. */
export function toEnvironment(
  flags: { env: string[]; 'env-file': string[] },
  host: NodeJS.ProcessEnv,
): string[] {
  const lookUp = (name: string) => host[name];
  const ofFiles = flags['env-file'].flatMap(file => parseEnvFile(readEnvFile(file), file, lookUp));
  return [...ofFiles, ...flags.env.map(entry => resolveEnvFlag(entry, lookUp))];
}

function readEnvFile(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (cause) {
    const code = errorCode(cause) ?? 'EIO';
    const reason = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
    }[code];
    throw new SkiffError(`open env file: ${file}: ${reason ?? code}`, { code, path: file, cause });
  }
}

function toStorageOptions(entries: string[]): StartOptions['storageOpt'] {
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(entry => {
      const equals = entry.indexOf('=');
      if (equals < 1)
        throw invalidArgument(`invalid storage option: ${entry}`, { remedy: 'Use --storage-opt size=64m.' });
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

function toSysctls(entries: string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(entry => {
      const equals = entry.indexOf('=');
      if (equals < 1)
        throw invalidArgument(`sysctl '${entry}' is not allowed`, { remedy: 'Use NAME=VALUE.' });
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** Less the members that were not given. */
export function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/** A name an image can have: no path, no flag, no blanks. */
const IMAGE_NAME = /^[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?(@sha256:[0-9a-f]+)?$/;

/**
 * Take the image off a command line's words: the first one, where neither --image nor --rootfs decides and an image
 * of that name is stored.
 *
 * @param isStored asks the engine
 */
export async function splitImage(
  words: readonly string[],
  options: Pick<StartOptions, 'image' | 'rootfs'>,
  isStored: (name: string) => Promise<boolean>,
): Promise<{ image?: string; command: string[] }> {
  const [first = '', ...rest] = words;
  const decided = options.image !== undefined || options.rootfs !== undefined;
  if (decided || !IMAGE_NAME.test(first) || !(await isStored(first))) {
    return { ...(options.image !== undefined && { image: options.image }), command: [...words] };
  }
  return { image: first, command: rest };
}

/**
 * Whoever is used to Docker's command line writes an image first: where that word was taken for a command and is none,
 * the error tells that it is no image either.
 *
 * @param words as they were typed
 * @param options what the flags say, with the image that was taken off the words
 */
export function withImageHint(
  error: unknown,
  words: readonly string[],
  { image, rootfs }: Pick<StartOptions, 'image' | 'rootfs'>,
): unknown {
  const [first = ''] = words;
  const isAbout = SkiffError.is(error) && error.code === 'ENOENT' && error.exitCode === 127 && !error.remedy;
  if (!isAbout || (image ?? rootfs) !== undefined || words.length < 2 || !IMAGE_NAME.test(first))
    return error;
  return new SkiffError(error.message, {
    ...error,
    cause: error,
    remedy: `No image ${JSON.stringify(first)} is stored either: skiff images lists those that are, skiff load and skiff import bring others.`,
  });
}
