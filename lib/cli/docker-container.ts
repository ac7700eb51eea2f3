import { parseSize } from '../common/units';
import type { ContainerInfo } from '../engine/info';
import { dockerState } from '../engine/looking';
import type { ContainerSize } from '../engine/sizes';
import type { CreateOptions } from '../engine/options';
import { parseUlimits, RLIM_INFINITY } from '../spec/ulimit';
import { containerPaths } from '../workspace';
import { mapOf } from './template';

/** Go's zero time: what never was. */
const NEVER = '0001-01-01T00:00:00Z';

/** The options of a container as its record keeps them. */
interface Options extends CreateOptions {
  /** A word that is no UTF-8 as `{ base64 }`. */
  command?: unknown;
  capAdd?: string[];
  capDrop?: string[];
  securityOpt?: string[];
  privileged?: boolean;
}

/**
 * What `docker inspect` tells of a container, by the same names as far as there is the same thing.
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerInspect
 */
export function dockerContainer(container: ContainerInfo, size?: ContainerSize) {
  const { id, name, command, created, driver, restartCount, detached, directory } = container;
  const options = container.options as Options;
  const [path = '', ...args] = command;
  return {
    Id: id,
    Created: new Date(created).toISOString(),
    Path: path,
    Args: args,
    State: stateOf(container),
    Image: container.imageId ?? container.image,
    LogPath: detached && options.log !== false ? `${directory}/log` : '',
    Name: `/${name}`,
    RestartCount: restartCount,
    Driver: driver,
    Platform: 'linux',
    HostConfig: hostConfigOf(options),
    GraphDriver: graphDriverOf(container),
    ...(size && { SizeRw: size.writeLayer, SizeRootFs: size.virtual }),
    Mounts: mountsOf(container),
    Config: configOf(container, options),
    NetworkSettings: networkOf(options),
  };
}

function stateOf(container: ContainerInfo) {
  const { pid, exitCode, oomKilled, error, startedAt, finishedAt } = container;
  const state = dockerState(container);
  return {
    Status: state,
    // Docker's words: a paused container is one that runs.
    Running: state === 'running' || state === 'paused' || state === 'restarting',
    Paused: state === 'paused',
    Restarting: state === 'restarting',
    OOMKilled: oomKilled,
    Dead: state === 'dead',
    Pid: pid ?? 0,
    ExitCode: exitCode ?? 0,
    Error: error ?? '',
    StartedAt: moment(startedAt),
    FinishedAt: moment(finishedAt),
  };
}

function moment(ms: number | undefined): string {
  return ms === undefined ? NEVER : new Date(ms).toISOString();
}

function graphDriverOf({ driver, directory, layers }: ContainerInfo) {
  if (driver === '') return { Name: '', Data: mapOf({}) };
  const { writeLayer, work, mountPoint } = containerPaths(directory);
  const data = { LowerDir: layers.join(':'), MergedDir: mountPoint, UpperDir: writeLayer };
  return {
    Name: driver,
    Data: mapOf(['overlay', 'fuse-overlayfs'].includes(driver) ? { ...data, WorkDir: work } : data),
  };
}

function mountsOf({ mounts }: ContainerInfo) {
  return mounts.map(({ type, name, source, destination, readOnly }) => ({
    Type: type,
    ...(name !== undefined && { Name: name }),
    Source: source,
    Destination: destination,
    ...(type === 'volume' && { Driver: 'local' }),
    Mode: readOnly ? 'ro' : '',
    RW: !readOnly,
    Propagation: type === 'bind' ? 'rprivate' : '',
  }));
}

function configOf({ id, image, command, labels, mounts }: ContainerInfo, options: Options) {
  const anonymous = mounts.filter(mount => mount.anonymous).map(({ destination }) => [destination, {}]);
  return {
    Hostname: options.hostname || id.slice(0, 12),
    User: options.user ?? '',
    Tty: Boolean(options.tty),
    OpenStdin: options.openInput ?? false,
    Env: envOf(options.env),
    Cmd: Array.isArray(options.command) ? options.command.map(wordOf) : command,
    Image: image,
    Volumes: anonymous.length > 0 ? mapOf(Object.fromEntries(anonymous), null) : null,
    WorkingDir: options.cwd ?? '',
    Entrypoint: options.entrypoint ? [options.entrypoint] : null,
    Labels: mapOf(labels),
    StopSignal: options.stopSignal ?? 'SIGTERM',
    ...(options.stopTimeout !== undefined && { StopTimeout: options.stopTimeout }),
  };
}

function wordOf(word: unknown): string {
  if (typeof word === 'string') return word;
  const { base64 } = word as { base64?: unknown };
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : '';
}

function envOf(env: Options['env'] = []): string[] {
  return Array.isArray(env) ? env : Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function hostConfigOf(options: Options) {
  return {
    Binds: options.volumes?.length ? options.volumes : null,
    LogConfig: logConfigOf(options.log),
    NetworkMode: options.network ?? 'none',
    PortBindings: mapOf({}, null),
    RestartPolicy: restartOf(options.restart),
    AutoRemove: options.remove ?? false,
    CapAdd: options.capAdd ?? null,
    CapDrop: options.capDrop ?? null,
    Privileged: options.privileged ?? false,
    ReadonlyRootfs: options.readOnly ?? false,
    SecurityOpt: options.securityOpt ?? null,
    ...(options.tmpfs?.length && { Tmpfs: tmpfsOf(options.tmpfs) }),
    Sysctls: mapOf(options.sysctls ?? {}),
    Init: options.init ?? false,
    Memory: bytes(options.memory),
    MemorySwap: bytes(options.memorySwap),
    NanoCpus: Math.round((options.cpus ?? 0) * 1e9),
    CpuShares: options.cpuShares ?? 0,
    CpusetCpus: options.cpusetCpus ?? '',
    PidsLimit: options.pidsLimit ?? null,
    Ulimits: parseUlimits(options.ulimits ?? []).map(({ type, hard, soft }) => ({
      Name: type.replace(/^RLIMIT_/, '').toLowerCase(),
      Hard: hard === RLIM_INFINITY ? -1 : hard,
      Soft: soft === RLIM_INFINITY ? -1 : soft,
    })),
  };
}

function logConfigOf(log: Options['log']) {
  if (log === false) return { Type: 'none', Config: mapOf({}) };
  const config = {
    ...(log?.maxSize !== undefined && { 'max-size': String(log.maxSize) }),
    ...(log?.maxFiles !== undefined && { 'max-file': String(log.maxFiles) }),
  };
  return { Type: 'k8s-file', Config: mapOf<string>(config) };
}

function restartOf(restart = 'no') {
  const [name, count = '0'] = restart.split(':');
  return { Name: name, MaximumRetryCount: Number(count) };
}

/** `/path:options`, by path. */
function tmpfsOf(entries: readonly string[]) {
  return mapOf(
    Object.fromEntries(entries.map(entry => /^([^:]*):?(.*)$/s.exec(entry)!.slice(1, 3) as [string, string])),
  );
}

function bytes(size: number | string | undefined): number {
  return typeof size === 'string' ? parseSize(size) : (size ?? 0);
}

function networkOf({ network = 'none' }: Options) {
  return {
    Ports: mapOf({}, null),
    Networks: mapOf({ [network]: { IPAddress: '', Gateway: '', MacAddress: '' } }, null),
  };
}
