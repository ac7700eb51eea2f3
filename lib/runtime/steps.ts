import { monotonicMs } from '../common/clock';
import { errorCode, errorMessage, SkiffError } from '../common/errors';
import type { Trace } from '../common/trace';
import { isShortage, type DescriptorReserve } from './reserve';

/** A step that tests let fail: its name and the code its error carries. */
export interface StepFault {
  step: string;
  code: string;
}

type Undo = () => void | Promise<void>;

/**
 * The steps of a start, each with its undo. What a step made is registered the moment it exists; a failure runs
 * every undo in reverse and reports both what failed and what of the undo failed.
 */
export class Steps {
  private readonly undos: { name: string; undo: Undo }[] = [];

  /**
   * @param container short id, for the trace
   * @param reserve for an undo where descriptors are short
   * @param fault for tests
   */
  constructor(
    private readonly container: string,
    private readonly trace: Trace,
    private readonly reserve: DescriptorReserve,
    private readonly fault?: StepFault,
  ) {}

  /** Do one step and remember how it is undone; of a step that failed nothing is undone. */
  async do<T>(
    name: string,
    action: () => T | Promise<T>,
    undo?: (made: T) => void | Promise<void>,
  ): Promise<T> {
    const start = monotonicMs();
    if (this.fault?.step === name) {
      throw new SkiffError(`injected failure: ${name}`, { code: this.fault.code, step: name });
    }
    const made = await attempt(name, action);
    if (undo) this.undos.push({ name, undo: () => undo(made) });
    this.trace.add(this.container, name, start);
    return made;
  }

  /** Register an undo by itself: of a step that leaves something even when it fails. */
  onUndo(name: string, undo: Undo): void {
    this.undos.push({ name, undo });
  }

  /** Undo all of it, newest first. Every undo is tried; their failures come back, and can be tried again. */
  async undo(): Promise<Error[]> {
    const failures = await this.undoOnce();
    return failures.some(isShortage) ? this.reserve.lend(() => this.undoOnce()) : failures;
  }

  private async undoOnce(): Promise<Error[]> {
    const failures: Error[] = [];
    const failed: typeof this.undos = [];
    for (let step = this.undos.pop(); step; step = this.undos.pop()) {
      const start = monotonicMs();
      try {
        await step.undo();
      } catch (error) {
        failed.unshift(step);
        failures.push(
          new SkiffError(`cannot undo ${step.name}: ${errorMessage(error)}`, {
            code: errorCode(error) ?? 'UNDO_FAILED',
            step: step.name,
            cause: error,
          }),
        );
      }
      this.trace.add(this.container, `undo ${step.name}`, start);
    }
    this.undos.push(...failed);
    return failures;
  }
}

/** What could not be undone for want of descriptors or memory may be undone by now. */
export async function undoAgain(unfinished: Set<Steps>): Promise<void> {
  for (const steps of [...unfinished]) {
    unfinished.delete(steps);
    if ((await steps.undo()).length > 0) unfinished.add(steps);
  }
}

/** An error that does not know its step learns it here. */
async function attempt<T>(step: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const knows =
      typeof error !== 'object' || error === null || ('step' in error && error.step !== undefined);
    throw knows ? error : Object.assign(error, { step });
  }
}

/** The error of a failed start together with those of its undo. */
export function withFailures(error: unknown, failures: Error[]): unknown {
  if (failures.length === 0) return error;
  const message = [errorMessage(error), ...failures.map(failure => failure.message)].join('; ');
  const known = SkiffError.is(error) ? error : undefined;
  return new SkiffError(message, {
    code: errorCode(error) ?? 'START_FAILED',
    syscall: known?.syscall,
    path: known?.path,
    step: known?.step,
    remedy: known?.remedy,
    exitCode: known?.exitCode,
    cause: new AggregateError([error, ...failures], message),
  });
}
