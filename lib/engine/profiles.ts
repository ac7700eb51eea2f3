import { invalidArgument } from '../common/errors';
import { isRootless } from '../common/rootless';
import { parseSize } from '../common/units';
import type { StartOptions } from './options';

/** Where the sandbox's command works and may write, unless `work` says otherwise. */
const WORK = '/w:64m';

/** Of `--profile sandbox`: what holds for each limit that is not given. */
const SANDBOX = {
  user: '65534:65534',
  hostname: 'sandbox',
  network: 'none',
  readOnly: true,
  // As its own PID 1 a program could not be ended by the signals it raises.
  init: true,
  memory: '256m',
  pidsLimit: 64,
  timeout: 10_000,
  cpuTime: 10_000,
  outputLimit: 16 * 1024 * 1024,
  work: WORK,
} as const satisfies StartOptions;

/** Bytes that one file can have; descriptors; no core dumps. */
const SANDBOX_ULIMITS = [`fsize=${64 * 1024 * 1024}`, 'nofile=256', 'core=0'];

const TMP = '/tmp:rw,exec,nosuid,nodev,mode=1777,size=64m';

/** What would open a sandbox again. */
const CONTRARY = ['privileged', 'capAdd', 'devices'] as const satisfies readonly (keyof StartOptions)[];

/**
 * The options that a profile stands for, with those given: a limit that is given takes the place of the profile's.
 *
 * @throws SkiffError INVALID_ARGUMENT for an unknown profile, and for options that contradict it
 */
export function withProfile<Options extends StartOptions>(options: Options): Options {
  const { profile = 'default' } = options;
  if (profile === 'default') return withWork(options);
  if (profile !== 'sandbox') {
    throw invalidArgument(`unknown profile: ${String(profile)}`, {
      remedy: 'Known are default and sandbox.',
    });
  }
  for (const name of CONTRARY) {
    const value = options[name];
    if (Array.isArray(value) ? value.length > 0 : value) throw contradiction(name);
  }
  if (options.network === 'host') throw contradiction('network host');
  return withWork({
    ...SANDBOX,
    // Without root there is a namespace already.
    ...(!isRootless() && { userns: 'auto' }),
    ...withoutUndefined(options),
    readOnly: true,
    capDrop: ['ALL'],
    noNewPrivileges: true,
    securityOpt: ['seccomp=sandbox', ...(options.securityOpt ?? [])],
    memorySwap: options.memorySwap ?? options.memory ?? SANDBOX.memory,
    ulimits: [...SANDBOX_ULIMITS, ...(options.ulimits ?? [])],
    tmpfs: [TMP, ...(options.tmpfs ?? [])],
    env: withTimeZone(options.env),
  });
}

/**
 * The same for a container that outlives its caller, who is not there to write files or to take them out.
 *
 * @throws SkiffError INVALID_ARGUMENT as {@link withProfile} does, and for options of files
 */
export function forDetached<Options extends StartOptions>(options: Options): Options {
  if (Object.keys(options.files ?? {}).length > 0 || options.collect?.length) {
    throw invalidArgument('files go in and out of a container in the foreground only', {
      remedy: 'Use a volume.',
    });
  }
  return withProfile(options);
}

/** A writable directory of limited size, which the command begins in. */
function withWork<Options extends StartOptions>(options: Options): Options {
  const { work } = options;
  if (!work) return options;
  const [directory = '', size = '64m'] = work.split(':', 2);
  const tmpfs = `${directory}:rw,exec,nosuid,nodev,mode=1777,size=${parseSize(size)}`;
  return { ...options, tmpfs: [...(options.tmpfs ?? []), tmpfs], cwd: options.cwd ?? directory };
}

function withTimeZone(env: StartOptions['env'] = []): StartOptions['env'] {
  return Array.isArray(env) ? ['TZ=UTC', ...env] : { TZ: 'UTC', ...env };
}

function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

function contradiction(option: string) {
  return invalidArgument(`conflicting options: profile sandbox and ${option}`);
}
