import fs from 'node:fs';
import path from 'node:path';
import { errorMessage, SkiffError } from '../../common/errors';
import { findProgram, timeProgram, tryProgram, unmountBelow, versionOf } from '../programs';
import type { Row } from '../row';
import { MEMORY_LIMIT, TRUE } from '../skiff-rows';
import { removeCgroups } from './cgroups';
import { CONTAINER, programPeer, type PeerOptions } from './peer';

/** Those that podman is tried with, in its own order of preference. */
const RUNTIMES = ['crun', 'runc'];

/** Open files and processes: enough for `true`. */
const MODEST = 1024;

/**
 * podman by its command line, on a storage of its own: no container, lock, event or network of the user's is seen.
 */
export const podman = programPeer('podman', async (program, options: PeerOptions): Promise<Row> => {
  const directory = path.join(options.directory, 'podman');
  const parent = `bench-podman-${process.pid}`;
  const env = configure(directory);
  const close = async () => {
    await unmountBelow(directory);
    await removeCgroups(parent);
  };
  const refusals: string[] = [];
  for (const runtime of RUNTIMES.flatMap(name => findProgram(name) ?? [])) {
    const args = ['--runtime', runtime, ...commandLine(directory, parent, options.layer)];
    try {
      await tryProgram(program, args, { env });
      return {
        name: 'podman',
        title: await versionOf(program),
        does: [...CONTAINER, 'overlay write layer'],
        note: `by command line, with conmon and ${path.basename(runtime)}, on a storage of its own`,
        round: () => timeProgram(program, args, { env }),
        close,
      };
    } catch (error) {
      refusals.push(errorMessage(error));
    }
  }
  await close();
  const told = refusals.join('; ') || `none of ${RUNTIMES.join(', ')} is on PATH`;
  throw new SkiffError(told, { code: 'PROGRAM_FAILED', path: program });
});

/** Where a log is to be measured that conmon writes. */
export interface ConmonLog {
  /** For all that podman makes. */
  directory: string;
  layer: string;
  /** The log's path. */
  file: string;
  /** Bytes of it, as podman takes them: `10m`. */
  maxSize: string;
}

/**
 * A detached container of podman's with a log, one after the other.
 *
 * @returns what runs a shell's script to its end; and what removes all that podman made
 * @throws SkiffError where podman does not work here
 */
export async function podmanWithLog(
  program: string,
  { directory, layer, file, maxSize }: ConmonLog,
): Promise<{ run: (script: string) => Promise<void>; close: () => Promise<void> }> {
  const cgroup = `bench-conmon-${process.pid}`;
  const env = configure(directory);
  const podman = (...args: string[]) => tryProgram(program, [...places(directory), ...args], { env });
  const logged = [
    '--log-driver',
    'k8s-file',
    '--log-opt',
    `path=${file}`,
    '--log-opt',
    `max-size=${maxSize}`,
  ];
  const limits = ['--network', 'none', '--cgroup-parent', `/${cgroup}`, ...modestLimits()];
  const runWith = async (runtime: string, script: string) => {
    const started = ['--runtime', runtime, 'run', '-d', ...limits, ...logged, '--rootfs', `${layer}:O`];
    const id = (await podman(...started, 'sh', '-c', script)).trim();
    await podman('wait', id);
    await podman('rm', '-f', id);
  };
  const close = async () => {
    await unmountBelow(directory);
    await removeCgroups(cgroup);
  };
  for (const runtime of RUNTIMES.flatMap(name => findProgram(name) ?? [])) {
    const works = await runWith(runtime, 'true').then(
      () => true,
      () => false,
    );
    if (works) return { run: script => runWith(runtime, script), close };
  }
  await close();
  throw new SkiffError('podman does not work here', { code: 'PROGRAM_FAILED', path: program });
}

/**
 * podman on a storage of its own.
 *
 * @returns what runs it and tells the ms that it took, and what removes all that it made; undefined where there is none
 */
export function podmanOn(
  directory: string,
): { run: (...args: string[]) => Promise<number>; close: () => Promise<void> } | undefined {
  const program = findProgram('podman');
  if (program === undefined) return undefined;
  const env = configure(directory);
  return {
    run: (...args) => timeProgram(program, [...places(directory), ...args], { env }),
    async close() {
      await unmountBelow(directory);
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

function places(directory: string): string[] {
  const own = ['--root', 'store', '--runroot', 'run', '--tmpdir', 'tmp'];
  return own.map(word => (word.startsWith('--') ? word : path.join(directory, word)));
}

function commandLine(directory: string, cgroup: string, layer: string): string[] {
  const limits = ['--memory', MEMORY_LIMIT, '--cgroup-parent', `/${cgroup}`, ...modestLimits()];
  return [
    ...places(directory),
    'run',
    '--rm',
    '--network',
    'none',
    ...limits,
    '--rootfs',
    `${layer}:O`,
    TRUE,
  ];
}

/**
 * Podman raises these two as far as a root with CAP_SYS_RESOURCE may, and fails where it has not got it. Where less is
 * asked for than this process has, nothing is raised.
 */
function modestLimits(): string[] {
  const limits = fs.readFileSync('/proc/self/limits', 'utf8');
  const asked = (title: string) => {
    const hard = Number(new RegExp(`^${title} +\\S+ +(\\d+)`, 'm').exec(limits)?.[1] ?? Infinity);
    return Math.min(hard, MODEST);
  };
  const [files, processes] = [asked('Max open files'), asked('Max processes')];
  return ['--ulimit', `nofile=${files}:${files}`, '--ulimit', `nproc=${processes}:${processes}`];
}

/** @returns the environment in which podman reads this configuration alone, containers.conf(5) */
function configure(directory: string): NodeJS.ProcessEnv {
  const networks = path.join(directory, 'networks');
  fs.mkdirSync(networks, { recursive: true });
  const containers = path.join(directory, 'containers.conf');
  fs.writeFileSync(
    containers,
    [
      '[containers]',
      'log_driver = "none"',
      '[engine]',
      // The default, shared memory, is one for all storages of the machine.
      'lock_type = "file"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "none"',
      '[network]',
      `network_config_dir = ${JSON.stringify(networks)}`,
      '',
    ].join('\n'),
  );
  const storage = path.join(directory, 'storage.conf');
  fs.writeFileSync(
    storage,
    [
      '[storage]',
      'driver = "overlay"',
      `graphroot = ${JSON.stringify(path.join(directory, 'store'))}`,
      `runroot = ${JSON.stringify(path.join(directory, 'run'))}`,
      '',
    ].join('\n'),
  );
  return { ...process.env, CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
}
