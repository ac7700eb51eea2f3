import { monotonicMs } from '../common/clock';
import { cgroupsToJoin, recordedCgroup, type Cgroup } from '../cgroup';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import { isAliveHere, type ProcessIdentity } from '../common/identity';
import { native, type NativeEntered } from '../native';
import type { ContainerRecord } from '../state';
import type { RuntimeContext } from './context';
import { startError } from './errors';
import { givePipes } from './ids';
import { unstamped } from '../spec/stamped';
import { RunningInit } from './running';
import { go } from './go';

/** A container that a command can be started in: its record, and the init that it tells of. */
export interface ExecTarget {
  id: string;
  name: string;
  record: ContainerRecord;
  init: ProcessIdentity;
  /** What its further commands are started with: a ProcessBase of `lib/spec/exec.ts` as JSON. */
  process: string;
}

/** What one command is started with. */
export interface ExecPlan {
  /** Its first word, for messages. */
  program: string;
  /** Process records. */
  process: Buffer;
  /** Descriptors for its stdin, stdout and stderr, -1 for /dev/null; none where it has a terminal. */
  stdio: number[];
  terminal?: { rows: number; columns: number };
}

/** A command in a container that runs. */
export interface Entered {
  /** The command itself; the rest of the container does not hang on it. */
  command: RunningInit;
  /** Descriptors that its end closes. -1: none, or another's by now. */
  ends: { pipe: number; terminal: number };
  /** Counts for the whole container. */
  cgroup: Cgroup;
  /** How many processes of the container its memory limit had ended before the command began. */
  oomKills: number;
}

/**
 * Start a command in a container, under guard of the watchdog, and wait until it runs.
 *
 * @throws SkiffError CONTAINER_NOT_RUNNING, also where it ends meanwhile; 126 or 127 as its exit code where the command
 * cannot be executed
 */
export async function execInContainer(
  context: RuntimeContext,
  target: ExecTarget,
  plan: ExecPlan,
): Promise<Entered> {
  const { watchdog } = context;
  return whileRunning(target, plan.program, async () => {
    const { entered, cgroup } = await enter(context, target, plan, { orphan: false });
    const { pid, pidfd, pipe, terminal } = entered;
    const command = new RunningInit(pid, pidfd, () => watchdog.leave(pidfd));
    const ends = { pipe, terminal };
    try {
      const companion = await watchdog.companion();
      if (command.signal(0)) await watchdog.adopt(pidfd, companion, false);
      givePipes(plan.stdio, target.record.ids);
      // The command may be killed before anybody hears that it runs.
      const oomKills = cgroup.stat().oomKills ?? 0;
      await go(ends, unstamped(plan.process), plan.stdio);
      return { command, ends, cgroup, oomKills };
    } catch (error) {
      await command.kill();
      releaseEnds(ends);
      throw error;
    }
  });
}

/**
 * Start a command in a container that goes on whatever becomes of this process.
 *
 * @throws as {@link execInContainer}
 */
export async function execDetached(
  context: RuntimeContext,
  target: ExecTarget,
  plan: ExecPlan,
): Promise<void> {
  await whileRunning(target, plan.program, async () => {
    const { entered } = await enter(context, target, plan, { orphan: true });
    try {
      await go(entered, unstamped(plan.process), plan.stdio);
    } finally {
      releaseEnds(entered);
    }
  });
}

/** Give back what is still open. */
export function releaseEnds(ends: Entered['ends']): void {
  native().close({ fds: [ends.pipe, ends.terminal].filter(fd => fd >= 0) });
  ends.pipe = ends.terminal = -1;
}

async function enter(
  { init, cgroups, turns }: RuntimeContext,
  { id, init: container, record }: ExecTarget,
  { terminal }: ExecPlan,
  { orphan }: { orphan: boolean },
): Promise<{ entered: NativeEntered; cgroup: Cgroup }> {
  const pidfd = openInit(container);
  try {
    const cgroup = recordedCgroup(cgroups, id, record.cgroupPaths ?? []);
    const joined = cgroupsToJoin({ setup: cgroups, pid: container.pid, limiting: cgroup.paths });
    const directories = joined.map(({ path, version }) => ({ path, version, optional: false, settings: [] }));
    const request = { init, pid: container.pid, pidfd, cgroups: directories, terminal, orphan };
    return { entered: await turns.during(() => native().enter(request)), cgroup };
  } finally {
    native().close({ fds: [pidfd] });
  }
}

/**
 * A descriptor of a container's init, and of no other process that has its pid: it is open before the start time is
 * looked at, so that the pid cannot change hands in between.
 */
function openInit(init: ProcessIdentity): number {
  const pidfd = native().openProcess({ pid: init.pid });
  if (isAliveHere(init)) return pidfd;
  native().close({ fds: [pidfd] });
  throw new SkiffError(`process ${init.pid} is gone`, { code: 'ESRCH', step: 'join' });
}

/**
 * What fails because the container has ended meanwhile is told as that.
 *
 * @param program the command's first word
 */
export async function whileRunning<T>(
  target: ExecTarget,
  program: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { step } = error as { step?: string };
    if (step === 'cwd' && errorCode(error) === 'ENOENT') throw noDirectory(error);
    if (step !== 'exec' && (await isEnding(target.init, error))) throw notRunning(target.id, error);
    throw startError(error, program, `cannot enter container ${target.name}`);
  }
}

/** What is said by the end of a process that joins, or of the one that it was to join. */
const ENDED = ['EPIPE', 'ECONNRESET', 'ESRCH', 'ENOMEM', 'ENOENT'];
/** An init that is killed ends when all processes of its namespace are gone; so long it is waited for, in ms. */
const ENDING_MS = 500;
const ENDING_STEP_MS = 5;

/** Whether the init is gone, or about to be. */
async function isEnding(init: ProcessIdentity, error: unknown): Promise<boolean> {
  const deadline = ENDED.includes(errorCode(error) ?? '') ? monotonicMs() + ENDING_MS : 0;
  while (isAliveHere(init)) {
    if (monotonicMs() >= deadline) return false;
    await new Promise(resolve => setTimeout(resolve, ENDING_STEP_MS));
  }
  return true;
}

/** In Docker's words. */
export function notRunning(id: string, cause?: unknown): SkiffError {
  return new SkiffError(`container ${id.slice(0, 12)} is not running`, {
    code: 'CONTAINER_NOT_RUNNING',
    path: id,
    exitCode: 1,
    cause,
  });
}

/** In runc's words; its code is what Docker makes of them. */
function noDirectory(cause: unknown): SkiffError {
  const { path = '' } = cause as { path?: string };
  return new SkiffError(`cannot enter the working directory: ${path}: no such file or directory`, {
    code: 'ENOENT',
    path,
    step: 'cwd',
    exitCode: 127,
    cause: errorMessage(cause),
  });
}
