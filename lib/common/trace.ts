import fs from 'node:fs';
import { monotonicMs } from './clock';
import { debugLog } from './debug';

/** One phase of a container's life. */
export interface Phase {
  /** Short id of the container. */
  container: string;
  /** `clone`, `set up`, `execve`, ... */
  name: string;
  /** Milliseconds of CLOCK_MONOTONIC, as `end` is. */
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

  add(container: string, name: string, start: number, end: number = monotonicMs()): void {
    if (!this.wanted) return;
    debug('%s %s %sms', container, name, (end - start).toFixed(3));
    if (this.enabled) this.phases.push({ container, name, start, end });
  }

  /**
   * The steps of a job on the thread pool, with the ways there and back.
   *
   * @param start when it was asked for, in ms of CLOCK_MONOTONIC
   * @param marks when each step was done, in ns of CLOCK_MONOTONIC
   */
  addMarks(container: string, start: number, marks: readonly { step: string; ns: number }[] = []): void {
    if (!this.wanted) return;
    let before = start;
    for (const { step, ns } of marks) {
      const done = ns / 1e6;
      this.add(container, step || 'to the thread pool', before, done);
      before = done;
    }
    this.add(container, 'back from the thread pool', before);
  }

  /** A step by its beginning and end, in ns of CLOCK_MONOTONIC. */
  addSpan(container: string, name: string, startNs: number, endNs: number): void {
    if (!this.wanted) return;
    this.add(container, name, startNs / 1e6, endNs / 1e6);
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
    const wallClock = Date.now() - monotonicMs();
    const events = ordered.map(({ container, name, start, end }) => ({
      name,
      cat: 'skiff',
      ph: 'X',
      ts: Math.round((wallClock + start) * 1000),
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
