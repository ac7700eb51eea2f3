import type { Readable, Writable } from 'node:stream';
import type { MountRequest } from '../spec/mount-request';
import type { Word } from '../spec/types';
import type { SkiffError } from '../common/errors';

/** Where one of the command's standard streams goes: a pipe to the caller, nowhere, or an open descriptor. */
export type StdioOption = 'pipe' | 'ignore' | 'inherit' | number;

/** A file that a command finds: its bytes, those with a mode, or the path of a file of the host. */
export type InputFile =
  string | Uint8Array | { content: string | Uint8Array; mode?: number } | { source: string };

/** A file to be taken out at the end: its path, or its path and how many bytes of it at most (10 MiB). */
export type CollectOption = string | { path: string; maxBytes?: number };

/** A file that was taken out, or why it was not. */
export type CollectedFile = { content: Buffer; mode: number; truncated: boolean } | { error: SkiffError };

/** What a container is started with, by the API and by the command line alike. */
export interface StartOptions {
  /** A stored image's name; `busybox` where neither image nor rootfs is given. */
  image?: string;
  /** Any directory as the read-only layer, instead of an image. Nothing is ever written to it. */
  rootfs?: string;
  /** A name of the user's for the container, unique while it exists: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`. */
  name?: string;
  /** Environment: an object, or a list of `NAME=value`. Nothing of the caller's own environment is passed on. */
  env?: Record<string, string> | string[];
  /** Working directory inside, absolute; made where it is missing. */
  cwd?: string;
  /** `name|uid[:group|gid]`, names from the image's /etc/passwd and /etc/group. */
  user?: string;
  /** Host name; the container's short id where not given. */
  hostname?: string;
  /** Replaces the image's entrypoint; '' clears it. */
  entrypoint?: string;
  /** Bytes, or text such as `64m`. */
  memory?: number | string;
  /** Memory and swap together: bytes, or text such as `128m`; -1 is no limit. */
  memorySwap?: number | string;
  /** How many CPUs' worth of time, such as 0.5. */
  cpus?: number;
  /** Relative weight, 2 to 262144; 1024 is usual. */
  cpuShares?: number;
  /** Which CPUs, in the list format of cpuset(7): `0-2,4`. */
  cpusetCpus?: string;
  /** Processes and threads at most; 0 or -1 is no limit. */
  pidsLimit?: number;
  /** Milliseconds, or text such as `1.5s`: after it every process of the container is killed. */
  timeout?: number | string;
  /** `none` (the default): loopback only. `host`: the host's network namespace. */
  network?: 'none' | 'host';
  /**
   * `host` (the default): the user namespace that skiff works in. `auto` or `auto:size=N`: one of its own, whose ids no
   * other container has. `keep-id`: one of its own with the host's numbers; without root that is the user's own number,
   * whom the command runs as then.
   */
  userns?: string;
  /** A small init as PID 1 that reaps zombies and forwards signals. */
  init?: boolean;
  /** The root file system can not be written to. */
  readOnly?: boolean;
  /** tmpfs mounts: `/path` or `/path:options`. */
  tmpfs?: string[];
  /**
   * `/host:/container[:mode]`, the host's path absolute or beginning with `.`; `name:/container[:mode]` for a volume;
   * `/container` for one of the container's own. The mode is `ro`, `rw`, `nocopy`, `rshared` and such as Docker has them.
   * What is mounted below the host's path comes along; a missing host's path is made, a directory of root's.
   */
  volumes?: string[];
  /** The same field by field, and tmpfs mounts; here a missing host's path is an error. */
  mounts?: MountRequest[];
  /** `container[:ro]`: the binds and volumes of another container, which need not run. */
  volumesFrom?: string[];
  /** `name=soft[:hard]` as Docker has them: `nofile=1024:2048`. */
  ulimits?: string[];
  /** Kernel parameters of the container's own namespaces. */
  sysctls?: Record<string, string>;
  /**
   * `sandbox`, for code that nobody has read: no capability, no_new_privs, no network, a read-only root, a tight list of
   * system calls, and limits of memory, processes, time, files and output.
   */
  profile?: 'default' | 'sandbox';
  /** A tmpfs that the command begins in, `/w` or `/w:128m`. */
  work?: string;
  /** Files that the command finds, by absolute path; 8 MiB in all. They and new directories for them are the user's. */
  files?: Record<string, InputFile>;
  /** Files to be given in the result: from `work`, tmpfs mounts and the root, never through a symbolic link. */
  collect?: CollectOption[];
  /** CPU time of all processes together: milliseconds, or text such as `2s`. After it all are killed. */
  cpuTime?: number | string;
  /** Bytes of stdout and stderr together; after it all is killed. Of streams that go elsewhere nothing is counted. */
  outputLimit?: number | string;
  /** Capabilities beside Docker's default ones, with or without `CAP_`; `ALL`. */
  capAdd?: string[];
  /** Capabilities less; `ALL`. */
  capDrop?: string[];
  /** All capabilities, all devices of the host, no seccomp filter, /proc and /sys open: root in it is root of the host. */
  privileged?: boolean;
  /** Devices of the host: `/dev/fuse`, `/dev/sdb:/dev/disk:r`. */
  devices?: string[];
  /**
   * As Docker has them: `no-new-privileges`, `seccomp=FILE`, `seccomp=unconfined`, `seccomp=builtin`,
   * `systempaths=unconfined`.
   */
  securityOpt?: string[];
  /** No program can get more privileges than its caller: set-user-id is without effect. */
  noNewPrivileges?: boolean;
  /** More groups, by name or number. */
  groupAdd?: string[];
  /** How soon the kernel ends it when memory is short, -1000 to 1000. */
  oomScoreAdj?: number;
  /** Size of /dev/shm: bytes, or text such as `128m`; 64 MiB where not given. */
  shmSize?: number | string;
  /** `size`: bytes that all that is written to the root can have, or text such as `64m`. It is in memory then. */
  storageOpt?: { size?: number | string };
  /** A terminal inside; `rows` and `columns` are its first size. */
  tty?: boolean | { rows: number; columns: number };
  /** Count memory by a cgroup even where it is not limited, so that `usage` is exact. True where not given. */
  usage?: boolean;
  /** The container stays, with its write layer, after its command ended. */
  keep?: boolean;
  /** `pipe` where not given; of `run`, whose `input` it is, `ignore` where there is none. */
  stdin?: StdioOption;
  /** `pipe` where not given, as `stderr`. */
  stdout?: StdioOption;
  stderr?: StdioOption;
  /** Aborting kills every process of the container. */
  signal?: AbortSignal;
}

/** What a container that outlives its starter is made with. */
export interface CreateOptions extends Omit<StartOptions, 'stdin' | 'stdout' | 'stderr' | 'signal' | 'keep'> {
  /** For filters, and for whoever looks. */
  labels?: Record<string, string>;
  /** `no` (the default), `on-failure[:N]`, `always`, `unless-stopped`: what its end by itself is followed by. */
  restart?: string;
  /** What `stop` sends, `SIGTERM` where neither this nor the image tells. */
  stopSignal?: string;
  /** Seconds that `stop` waits before it kills; 10 where not given. */
  stopTimeout?: number;
  /** How much of the output is kept: 20 MiB in each of 5 files where not given; false: nothing. */
  log?: false | { maxSize?: number | string; maxFiles?: number };
  /** Its input stays open for those who attach. */
  openInput?: boolean;
  /** It is removed at its end. */
  remove?: boolean;
}

/** What `run` takes beside what every start takes. */
export interface RunOptions extends StartOptions {
  /** Written to the command's stdin, which ends after it. */
  input?: string | Uint8Array | Readable;
  /** Bytes kept of stdout and of stderr each; what comes after is dropped and said. 10 MiB where not given. */
  maxBuffer?: number;
  /** Reject when the command ends with another exit code than 0. */
  reject?: boolean;
  /** How stdout and stderr are given: as UTF-8 text (the default) or as bytes. */
  encoding?: 'utf8' | 'buffer';
}

/** What one run of a pool may ask for; the rest is the pool's. */
export type PoolRunOptions = Pick<
  RunOptions,
  | 'env'
  | 'cwd'
  | 'user'
  | 'timeout'
  | 'signal'
  | 'stdin'
  | 'stdout'
  | 'stderr'
  | 'input'
  | 'maxBuffer'
  | 'reject'
  | 'encoding'
  | 'files'
  | 'collect'
>;

/** What all containers of a pool are made with. What a run may ask for, too, is what it gets where it does not. */
export interface PoolOptions extends Omit<StartOptions, 'name' | 'keep' | 'tty' | 'signal'> {
  /** Containers that are ready; 4 where not given. With 0 every run starts its own. */
  size?: number;
  /** Runs at once at most, others wait for their turn; twice the size, and 16 at least, where not given. */
  maxRunning?: number;
  /** After so long without a run no container is kept ready, until the next one: milliseconds, or text such as `30s`. */
  maxIdle?: number | string;
}

/** What a finished command used. */
export interface Usage {
  /** CPU time of all of the container's processes, in ms. */
  cpuMs: number;
  /** Highest memory use in bytes: of the cgroup where a memory limit is set, else of the largest process. */
  memoryPeakBytes: number;
}

/** How a run went, in one word, with its figures. */
export interface Verdict {
  /** The limit that was hit, else how the command ended. */
  status: 'ok' | 'nonzero' | 'signal' | 'timeout' | 'cpu-time' | 'memory' | 'output' | 'pids' | 'disk';
  /** CPU time of all processes, in ms. */
  cpuMs: number;
  /** From the beginning of the command to its end, in ms. */
  wallMs: number;
  /** Highest memory use, in bytes. */
  memoryPeakBytes: number;
}

/** How a container's command ended. */
export interface ExitResult {
  /** Of the container. */
  id: string;
  /** 0 to 255; 128+n where signal n ended it. */
  exitCode: number;
  /** The signal's name, `SIGKILL`, where one ended it; else null. */
  signal: NodeJS.Signals | null;
  /** The timeout ended it. */
  timedOut: boolean;
  /** The memory limit ended one of its processes. */
  oomKilled: boolean;
  /** From the call to the end of the command, in ms. */
  durationMs: number;
  /** What it used, limits or not. */
  usage: Usage;
  /** The same in one word: which limit was hit, if any. */
  verdict: Verdict;
  /** What `collect` asked for and was there. */
  files: Record<string, CollectedFile>;
}

/** What `run` resolves with. */
export interface RunResult<Output = string> extends ExitResult {
  /** What it wrote, up to `maxBuffer` bytes of each; empty where it went elsewhere. */
  stdout: Output;
  stderr: Output;
  /** Output went past maxBuffer and was cut. */
  truncated: { stdout: boolean; stderr: boolean };
}

/** A started container. */
export interface Container extends AsyncDisposable {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The user's, or the short id. */
  readonly name: string;
  /** Host's pid of the container's init. */
  readonly pid: number;
  /** The streams are null where they go elsewhere than to a pipe; of a terminal, `stdout` shows both. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Send a signal to the container's init; false where it is gone. */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** Resolves when every process of the container is gone and (without `keep`) all of it is removed. */
  wait(): Promise<ExitResult>;
  /** Start a further command in it, as {@link Skiff.exec} does. */
  exec(command: readonly Word[], options?: ExecOptions): Promise<ExecProcess>;
  /** The same to the command's end, with what it wrote. */
  execToEnd(
    command: readonly Word[],
    options: ExecToEndOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  execToEnd(command: readonly Word[], options?: ExecToEndOptions): Promise<RunResult>;
  /** New size of the container's terminal. */
  resize(size: { rows: number; columns: number }): void;
  /**
   * Of the caller's own terminal: from now until {@link forgetTerminal} it is put back to its present mode when this
   * process is gone, whatever killed it.
   */
  guardTerminal(fd: number): Promise<void>;
  /** The terminal has its mode again, or is to keep the one it has. */
  forgetTerminal(): Promise<void>;
  /** Kill what runs and remove what is left of it. Its streams are closed, with what was not read of them. */
  remove(): Promise<void>;
}

/** What a further command in a container is started with. What is not given is as the container's own command has it. */
export interface ExecOptions extends Pick<
  StartOptions,
  'env' | 'cwd' | 'user' | 'tty' | 'stdin' | 'stdout' | 'stderr' | 'timeout' | 'signal'
> {
  /** All capabilities. */
  privileged?: boolean;
}

/** What `execToEnd` takes beside it. */
export type ExecToEndOptions = ExecOptions & Pick<RunOptions, 'input' | 'maxBuffer' | 'reject' | 'encoding'>;

/** What a detached command is started with: it has no streams, and nobody who waits for it. */
export type ExecDetachedOptions = Pick<ExecOptions, 'env' | 'cwd' | 'user' | 'privileged'>;

/** A command that runs in a container beside the container's own. */
export interface ExecProcess extends Omit<
  Container,
  'id' | 'name' | 'wait' | 'exec' | 'execToEnd' | 'remove'
> {
  /** Of the container. */
  readonly containerId: string;
  /**
   * Resolves when the command itself has ended; what it left running lives on in the container. Its `usage` is of the
   * command and of the children that it waited for.
   */
  wait(): Promise<ExitResult>;
  /** Kill the command, and close its streams with what was not read of them. */
  remove(): Promise<void>;
}
