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

  /** @param enabled phases are kept, not only shown in the debug log */
  constructor(private readonly enabled: boolean) {}

  add(container: string, name: string, start: number, end: number = performance.now()): void {
    debug('%s %s %sms', container, name, (end - start).toFixed(3));
    if (this.enabled) this.phases.push({ container, name, start, end });
  }

  /**
   * Write the phases in the Chrome trace event format, one row for each container; Perfetto opens it.
   *
   * @param file made or replaced
   */
  write(file: string): void {
    const rows = [...new Set(this.phases.map(({ container }) => container))];
    const events = this.phases.map(({ container, name, start, end }) => ({
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
