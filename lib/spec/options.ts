import path from 'node:path';
import { invalidArgument } from '../common/errors';
import type { Rootless } from '../common/rootless';
import { parseDuration, parseSize } from '../common/units';
import { checkInput } from './check';
import { defaultSpec } from './defaults';
import { inOrder } from './destination';
import { toEntries, toVariables } from './env';
import { setShmSize, tmpfsMounts } from './mounts';
import { checkHostname, checkName } from './names';
import { toResources, type Machine, type ResourceOptions } from './resources';
import { applySecurity, toLabels, toSecurity, type SecurityOptions } from './security';
import { applyLabels } from './security-labels';
import type { SeccompFilter } from './seccomp/filters';
import { withoutPrivileges } from './rootless';
import { parseUserns } from './userns';
import { checkSysctls } from './sysctl';
import type { MountRequest } from './mount-request';
import type { Mount, Process, Rlimit, Spec, Word } from './types';
import { parseUlimits } from './ulimit';
import { resolveUser, withGroups, type ReadFile } from './user';

/** The part of the engine's start options that a spec is made of. */
export interface SpecOptions extends ResourceOptions, SecurityOptions {
  name?: string;
  env?: Record<string, string> | readonly string[];
  cwd?: string;
  user?: string;
  groupAdd?: readonly string[];
  hostname?: string;
  entrypoint?: string;
  timeout?: number | string;
  profile?: 'default' | 'sandbox';
  cpuTime?: number | string;
  outputLimit?: number | string;
  network?: 'none' | 'host';
  userns?: string;
  readOnly?: boolean;
  tmpfs?: readonly string[];
  volumes?: readonly string[];
  mounts?: readonly MountRequest[];
  volumesFrom?: readonly string[];
  ulimits?: readonly string[];
  sysctls?: Record<string, string>;
  tty?: boolean | { rows: number; columns: number };
}

/** What an image says about the commands run in it. */
export interface ImageConfig {
  env?: readonly string[];
  entrypoint?: readonly string[];
  cmd?: readonly string[];
  user?: string;
  workingDir?: string;
  stopSignal?: string;
  /** Places for volumes of the container's own, where nothing else is mounted on them. */
  volumes?: readonly string[];
  labels?: Record<string, string>;
}

export interface SpecInput {
  /** The container's id; its first 12 characters are the host name where none is given. */
  id: string;
  /** Program and arguments; empty: what the image says. */
  command: readonly Word[];
  options: SpecOptions;
  /** Empty for a directory as the root. */
  image: ImageConfig;
  /** What is mounted beside `tmpfs`: binds and volumes, whose places on the host are known by now. */
  mounts?: readonly Mount[];
  /** Where the container's root file system will be mounted. */
  rootPath: string;
  /** Reads a file of the image: `/etc/passwd`. Must follow no link out of the image. */
  readFile: ReadFile;
  machine: Machine;
  /** The user namespace of a user without privileges, where this is one. */
  rootless?: Rootless;
  /** What its seccomp profile was compiled to. */
  filter?: SeccompFilter;
}

/**
 * Make the OCI spec of a container out of what the user asked for, what the image says, and the defaults. Everything
 * that can be wrong with the options is refused here, before anything exists; nothing is changed or created.
 *
 * @throws SkiffError INVALID_ARGUMENT, with Docker's wording where Docker has one
 */
export function toSpec({ id, command, options, image, mounts = [], ...input }: SpecInput): Spec {
  checkOptions(command, options);
  const { rootPath, readFile, machine, filter, rootless } = input;
  const spec = defaultSpec(rootPath);
  setShmSize(spec, options.shmSize);
  const hostname = options.hostname || id.slice(0, 12);
  const network = options.network ?? 'none';
  const user = resolveUser(options.user || keptUser(options.userns, rootless) || image.user || '', readFile);
  const variables = toVariables({ image: image.env, user: options.env, hostname, tty: Boolean(options.tty) });
  const home = variables.has('HOME') ? {} : { home: user.home };
  variables.set('HOME', variables.get('HOME') ?? user.home);
  spec.hostname = hostname;
  spec.root.readonly = options.readOnly ?? false;
  spec.process = {
    ...spec.process,
    ...terminal(options.tty),
    args: toArgs(command, options.entrypoint, image),
    env: toEntries(variables),
    cwd: toCwd(options.cwd || image.workingDir || '/'),
    user: {
      uid: user.uid,
      gid: user.gid,
      additionalGids: withGroups(user.additionalGids, options.groupAdd ?? [], readFile),
      umask: 0o022,
      ...home,
    },
    rlimits: [...cpuLimit(options.cpuTime), ...parseUlimits(options.ulimits ?? [])],
    filter,
  };
  spec.mounts.push(...inOrder([...tmpfsMounts(options.tmpfs ?? []), ...mounts]));
  if (network === 'host') {
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== 'network');
  }
  spec.linux.sysctl = checkSysctls(options.sysctls ?? {}, network);
  spec.linux.resources = toResources(options, machine);
  applySecurity(
    spec,
    toSecurity(options, () => machine.capabilities ?? 0n),
    options,
  );
  applyLabels(spec.process, toLabels(options), {
    get apparmor() {
      return machine.securityModules?.apparmor ?? false;
    },
    get selinux() {
      return machine.securityModules?.selinux;
    },
  });
  if (options.profile === 'sandbox') hide(spec);
  checkShifted(spec, options.userns, rootless);
  if (parseUserns(options.userns).kind !== 'host')
    return withoutPrivileges(spec, { ids: 'range', own: rootless ? 'nested' : 'own' });
  return rootless ? withoutPrivileges(spec, rootless) : spec;
}

/** Who keeps the own number is meant to be that user, as in podman; root among them needs nothing said. */
function keptUser(userns: string | undefined, rootless: Rootless | undefined): string | undefined {
  if (!rootless || parseUserns(userns).kind !== 'same') return undefined;
  return `${rootless.uid}:${rootless.gid}`;
}

/** Where nothing is shifted, a volume whose ids are to be would be another one than was asked for. */
function checkShifted({ mounts }: Spec, userns: string | undefined, rootless: Rootless | undefined): void {
  const shifted = mounts.find(({ options }) => options?.includes('idmap'));
  if (shifted && rootless) throw neverShifted(shifted.destination);
  if (!shifted || parseUserns(userns).kind === 'auto') return;
  throw invalidArgument(
    `cannot shift the ids of ${shifted.destination}: the container has no ids of its own`,
    {
      remedy: 'Add --userns auto, or leave out idmap.',
    },
  );
}

function neverShifted(destination: string) {
  return invalidArgument(`cannot shift the ids of ${destination}: only root can`, {
    remedy: 'Leave out idmap; with --userns keep-id your own files have your number in the container.',
  });
}

/** Nobody sees the processes of others, and no file of the image changes who runs it; proc(5) "hidepid". */
function hide(spec: Spec): void {
  spec.root.nosuid = true;
  spec.mounts = spec.mounts.map(mount =>
    mount.type === 'proc' ? { ...mount, options: [...(mount.options ?? []), 'hidepid=2'] } : mount,
  );
}

/**
 * A timeout as the API takes it.
 *
 * @returns milliseconds; undefined where there is none (0 is none, as for timeout(1))
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toTimeout(timeout: number | string | undefined): number | undefined {
  const ms = typeof timeout === 'string' ? parseDuration(timeout, 'ms') : (timeout ?? 0);
  if (!(ms >= 0 && Number.isFinite(ms))) throw invalidArgument(`invalid timeout: ${ms}`);
  return ms === 0 ? undefined : ms;
}

/**
 * A limit of output as the API takes it.
 *
 * @returns bytes; undefined where there is none
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toOutputLimit(limit: number | string | undefined): number | undefined {
  const bytes = typeof limit === 'string' ? parseSize(limit) : limit;
  if (bytes !== undefined && !(bytes >= 0)) throw invalidArgument(`invalid outputLimit: ${bytes}`);
  return bytes;
}

/** Of each process alone, in whole seconds: a second line behind the count of all of them, getrlimit(2). */
function cpuLimit(cpuTime: number | string | undefined): Rlimit[] {
  const ms = toTimeout(cpuTime);
  if (ms === undefined) return [];
  const soft = Math.ceil(ms / 1000);
  return [{ type: 'RLIMIT_CPU', soft, hard: soft + 1 }];
}

/**
 * Refuse what is wrong whatever the image: to be called before the first look at one.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function checkOptions(command: readonly Word[], options: SpecOptions): void {
  checkInput(command, options);
  if (options.name !== undefined) checkName(options.name);
  if (options.hostname) checkHostname(options.hostname);
  if (options.network !== undefined && options.network !== 'none' && options.network !== 'host') {
    throw invalidArgument(`network ${String(options.network)} not found`, {
      remedy: 'Known are none and host.',
    });
  }
  parseUserns(options.userns);
  toTimeout(options.timeout);
  toTimeout(options.cpuTime);
  toOutputLimit(options.outputLimit);
  toSecurity(options, () => 0n);
  if (options.cwd) toCwd(options.cwd);
}

/** Docker's merge: an entrypoint of the user's makes the image's command void, and '' the image's entrypoint. */
function toArgs(command: readonly Word[], entrypoint: string | undefined, image: ImageConfig): Word[] {
  const program = entrypoint === undefined ? (image.entrypoint ?? []) : entrypoint === '' ? [] : [entrypoint];
  const words = command.length > 0 || entrypoint !== undefined ? command : (image.cmd ?? []);
  const args = [...program, ...words];
  if (!args[0]?.length) throw invalidArgument('no command specified');
  return args;
}

/** @throws SkiffError INVALID_ARGUMENT where it is not absolute */
export function toCwd(cwd: string): string {
  if (!cwd.startsWith('/')) {
    throw invalidArgument(`the working directory '${cwd}' is invalid, it needs to be an absolute path`);
  }
  return path.posix.resolve(cwd);
}

/** @throws SkiffError INVALID_ARGUMENT for a size that no terminal can have */
export function terminal(tty: SpecOptions['tty']): Pick<Process, 'terminal' | 'consoleSize'> {
  if (!tty) return {};
  if (tty === true) return { terminal: true };
  for (const [name, value] of Object.entries({ rows: tty.rows, columns: tty.columns })) {
    // winsize has 16 bits for each (tty_ioctl(4)).
    if (!Number.isInteger(value) || value < 0 || value > 0xffff) {
      throw invalidArgument(`invalid terminal size: ${name} ${value}`);
    }
  }
  return { terminal: true, consoleSize: { height: tty.rows, width: tty.columns } };
}
