import fs from 'node:fs';
import { debugLog } from './debug';

/** One phase of a container's life. */
export interface Phase {
  /** Short id of the container. */
  container: string;
  name: string;
  /** Milliseconds of performance.now(). */
  start: number;
  end: number;
}

const debug = debugLog('trace');

/** Collects phases where somebody asked for them; does nothing at all otherwise. */
export class Trace {
  readonly phases: Phase[] = [];

  /** Somebody wants to know; else nothing need be measured. */
  readonly wanted: boolean;

  /** @param enabled phases are kept, not only shown in the debug log */
  constructor(private readonly enabled: boolean) {
    this.wanted = enabled || Boolean(process.env.DEBUG);
  }

  add(container: string, name: string, start: number, end: number = performance.now()): void {
    if (!this.wanted) return;
    debug('%s %s %sms', container, name, (end - start).toFixed(3));
    if (this.enabled) this.phases.push({ container, name, start, end });
  }

  /**
   * The steps of a job on the thread pool, with the ways there and back.
   *
   * @param start when it was asked for, performance.now()
   * @param marks when each step was done, in ns of CLOCK_MONOTONIC, which performance.now() goes by, too
   */
  addMarks(container: string, start: number, marks: readonly { step: string; ns: number }[] = []): void {
    if (!this.wanted) return;
    const offset = clockOffset();
    let before = start;
    for (const { step, ns } of marks) {
      const done = ns / 1e6 + offset;
      this.add(container, step || 'to the thread pool', before, done);
      before = done;
    }
    this.add(container, 'back from the thread pool', before);
  }

  /** A step by its beginning and end, in ns of CLOCK_MONOTONIC. */
  addSpan(container: string, name: string, startNs: number, endNs: number): void {
    if (!this.wanted) return;
    const offset = clockOffset();
    this.add(container, name, startNs / 1e6 + offset, endNs / 1e6 + offset);
  }

  /**
   * Write the phases in the Chrome trace event format, one row for each container; Perfetto opens it.
   *
   * @param file made or replaced
   */
  write(file: string): void {
    const rows = [...new Set(this.phases.map(({ container }) => container))];
    // A phase is added at its end; viewers want it where it began, and before what lies in it.
    const ordered = [...this.phases].sort((a, b) => a.start - b.start || b.end - a.end);
    const events = ordered.map(({ container, name, start, end }) => ({
      name,
      cat: 'skiff',
      ph: 'X',
      ts: Math.round((performance.timeOrigin + start) * 1000),
      dur: Math.round((end - start) * 1000),
      pid: process.pid,
      tid: rows.indexOf(container) + 1,
    }));
    const names = rows.map((container, index) => ({
      name: 'thread_name',
      ph: 'M',
      ts: 0,
      pid: process.pid,
      tid: index + 1,
      args: { name: container },
    }));
    fs.writeFileSync(file, JSON.stringify({ traceEvents: [...names, ...events], displayTimeUnit: 'ms' }));
  }
}

/** What CLOCK_MONOTONIC, in ms, lacks of performance.now(). */
function clockOffset(): number {
  return performance.now() - Number(process.hrtime.bigint()) / 1e6;
}
