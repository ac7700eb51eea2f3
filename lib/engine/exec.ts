import fs from 'node:fs';
import { monotonicMs } from '../common/clock';
import { isAliveHere } from '../common/identity';
import { SkiffError } from '../common/errors';
import { native } from '../native';
import type { RuntimeContext } from '../runtime/context';
import {
  execDetached,
  execInContainer,
  notRunning,
  whileRunning,
  type Entered,
  type ExecPlan,
  type ExecTarget,
} from '../runtime/exec';
import { checkCommand, toProcess, type ProcessBase } from '../spec/exec';
import { toTimeout } from '../spec/options';
import { processPlan } from '../spec/plan';
import type { Process, Word } from '../spec/types';
import { checkStdio } from './checks';
import { ExecHandle } from './exec-handle';
import type { ExecDetachedOptions, ExecOptions, ExecProcess, ExecToEndOptions, RunResult } from './options';
import { tell } from './life';
import { thisMachine } from './machine';
import { lookAtRecord } from './managed';
import { runToEnd, throwIfAborted } from './outcome';
import { ContainerStreams } from './stdio';

/** Bytes of /etc/passwd or /etc/group that are read at most. */
const MAX_ACCOUNTS = 1 << 20;

/**
 * Start a command in a container that runs.
 *
 * @param reference the container's name, its id or the beginning of its id
 * @returns the command, when it runs
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, CONTAINER_NOT_RUNNING, CONTAINER_PAUSED
 */
export async function startExec(
  context: RuntimeContext,
  reference: string,
  command: readonly Word[],
  options: ExecOptions,
): Promise<ExecHandle> {
  const since = monotonicMs();
  checkCommand(command, options);
  checkStdio(options);
  const timeoutMs = toTimeout(options.timeout);
  throwIfAborted(command, options.signal);
  const target = await findTarget(context, reference);
  const process = await compile(target, command, options);
  const streams = new ContainerStreams(options);
  const note = teller(context, target);
  let entered: Entered;
  try {
    entered = await execInContainer(context, target, planOf(process, streams.given));
  } catch (error) {
    streams.discard();
    throw error;
  }
  const { signal } = options;
  const handle = await hold(context, entered, streams, { containerId: target.id, since, timeoutMs, signal });
  note('exec_start');
  handle.wait().then(
    ({ exitCode }) => note('exec_die', { exitCode: String(exitCode) }),
    () => undefined,
  );
  return handle;
}

/**
 * Start a command in a container that goes on without this process; its streams are /dev/null.
 *
 * @throws as {@link startExec}
 */
export async function startDetachedExec(
  context: RuntimeContext,
  reference: string,
  command: readonly Word[],
  { env, cwd, user, privileged }: ExecDetachedOptions,
): Promise<void> {
  const options = { env, cwd, user, privileged };
  checkCommand(command, options);
  const target = await findTarget(context, reference);
  const process = await compile(target, command, options);
  const note = teller(context, target);
  await execDetached(context, target, planOf(process, [-1, -1, -1]));
  note('exec_start');
}

/**
 * Run a command in a container to its end, with what it wrote.
 *
 * @param start starts it with these options
 */
export function execToEnd(
  command: readonly Word[],
  options: ExecToEndOptions,
  start: (options: ExecOptions) => Promise<ExecProcess>,
): Promise<RunResult | RunResult<Buffer>> {
  return runToEnd(command, options, {
    start: ({ stdin }) => start({ ...options, stdin }),
    end: process => process.wait(),
  });
}

/** What runs but cannot be given its streams is killed: nobody would hold it. */
async function hold(
  context: RuntimeContext,
  entered: Entered,
  streams: ContainerStreams,
  options: ConstructorParameters<typeof ExecHandle>[3],
): Promise<ExecHandle> {
  const { ends, command } = entered;
  const { terminal } = ends;
  // The streams' from here on: at the end of the command its number may be another's.
  ends.terminal = -1;
  try {
    await streams.attach(terminal);
  } catch (error) {
    await command.kill();
    streams.discard();
    throw error;
  }
  return new ExecHandle(context, entered, streams, options);
}

/** Writes down what happens to one command, which has an id of its own there. */
function teller(context: RuntimeContext, { record }: ExecTarget) {
  const execID = native().randomId();
  const note = (action: string, attributes: Record<string, string> = {}) =>
    tell(context, record, action, { execID, ...attributes });
  note('exec_create');
  return note;
}

/** With what is to be seen of the container now; that it was this one is asked again when it is entered. */
function compile(target: ExecTarget, command: readonly Word[], options: ExecOptions): Promise<Process> {
  const { init } = target;
  const about = `/proc/${init.pid}`;
  return whileRunning(target, String(command[0]), () =>
    toProcess(JSON.parse(target.process) as ProcessBase, command, options, {
      readFile: path => native().readFileInRoot({ root: `${about}/root`, path, maxBytes: MAX_ACCOUNTS }),
      limits: fs.readFileSync(`${about}/limits`, 'latin1'),
      machine: thisMachine(),
    }),
  );
}

function planOf(process: Process, stdio: number[]): ExecPlan {
  const { height: rows = 0, width: columns = 0 } = process.consoleSize ?? {};
  return {
    program: String(process.args[0]),
    process: processPlan(process),
    stdio,
    ...(process.terminal && { terminal: { rows, columns } }),
  };
}

/** @throws SkiffError where no command can be started in that container, with Docker's wording */
async function findTarget(context: RuntimeContext, reference: string): Promise<ExecTarget> {
  const record = await lookAtRecord(context, reference);
  const { id, name, status, init } = record;
  if (status === 'paused') throw paused(name);
  if (status !== 'running' || !init || !isAliveHere(init) || !hasBegun(init.pid)) throw notRunning(id);
  const process = context.store.processOf(record);
  if (process === undefined) throw unrecorded(id);
  return { id, name, record, init, process };
}

/**
 * An init that is still setting up has the host's file system, or a container's whose files are not yet hidden: nothing
 * may be started there. It runs from its memfd until it becomes the command; one that stays (`init`) has closed its pipe
 * (csrc/core/protocol.h) by then.
 */
function hasBegun(pid: number): boolean {
  try {
    if (fs.readlinkSync(`/proc/${pid}/exe`) !== '/memfd:skiff-init (deleted)') return true;
    return fs.lstatSync(`/proc/${pid}/fd/3`, { throwIfNoEntry: false }) === undefined;
  } catch {
    // It is gone.
    return false;
  }
}

function paused(name: string): SkiffError {
  return new SkiffError(`container ${name} is paused, unpause the container before exec`, {
    code: 'CONTAINER_PAUSED',
    path: name,
    exitCode: 1,
    remedy: `skiff unpause ${name}`,
  });
}

function unrecorded(id: string): SkiffError {
  return new SkiffError(
    `cannot start a command in container ${id}: its record does not tell with what rights`,
    {
      code: 'UNSUPPORTED',
      path: id,
      exitCode: 1,
      remedy: 'It was started by an earlier version of skiff: start it again.',
    },
  );
}
