import { monotonicMs } from '../common/clock';
import { errorCode } from '../common/errors';
import { native } from '../native';
import type { CompiledSpec } from '../spec/compiled';
import type { Stamped } from '../spec/stamped';
import type { ContainerRecord } from '../state';
import { givePipes } from './ids';
import type { CommandBeginning, Remnants } from './remnants';

/** The init's pipe, and the master of its terminal. -1: there is none, or it is another's by now. */
export interface Ends {
  pipe: number;
  terminal: number;
  /** When the command was given by itself, in ms of CLOCK_MONOTONIC; undefined where it went with the start. */
  wentMs?: number;
}

/** GO that is sent at once, in bytes: a socket takes it whole, whether or not the init reads already. */
const SMALL_GO = 32_768;

/**
 * Give a parked container its command. That it could not be executed is told by {@link commandBeginning}, after its end.
 *
 * @throws SkiffError or the addon's error where the init has died
 */
export async function goParked(
  { ends, record }: { ends: Ends; record: ContainerRecord },
  spec: CompiledSpec,
  stdio: number[],
): Promise<void> {
  record.command = spec.args;
  givePipes(stdio, record.ids);
  if (spec.process.bytes.length > SMALL_GO) return go(ends, spec.process, stdio);
  ends.wentMs = monotonicMs();
  native().sendGo({ pipe: ends.pipe, process: spec.process, stdio });
}

/** Ask for it after the container's end. */
export function commandBeginning({ ends, remnants }: { ends: Ends; remnants: Remnants }): CommandBeginning {
  if (remnants.beginning) return remnants.beginning;
  if (ends.pipe < 0) return { readyNs: 0 };
  const { pipe } = ends;
  ends.pipe = -1;
  try {
    return { readyNs: native().goResult({ pipe }) };
  } catch (failure) {
    return { failure, readyNs: 0 };
  } finally {
    native().close({ fds: [pipe] });
  }
}

/** The init was gone when GO was sent, or went before it read all of it: nothing of the command has run. */
export function isLost(error: unknown): boolean {
  const { step } = error as { step?: string };
  return step === 'go' && ['EPIPE', 'ECONNRESET', 'ECONNREFUSED'].includes(errorCode(error) ?? '');
}

/** Give a parked process its command; resolves when that runs. */
export async function go(ends: Ends, process: Stamped, stdio: number[]): Promise<void> {
  ends.wentMs = monotonicMs();
  await native().go({ pipe: ends.pipe, process, stdio });
  native().close({ fds: [ends.pipe] });
  ends.pipe = -1;
}
