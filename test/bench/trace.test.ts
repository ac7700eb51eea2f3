/**
 * The trace of a start against the Chrome trace event format ("Trace Event Format", Google, section "JSON Object
 * Format" and "Complete Events"): what chrome://tracing and Perfetto need to show it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describeIf } from '../helpers/conditions';
import { run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  cat?: string;
  args?: Record<string, unknown>;
}

/** In microseconds: two ends that are one moment may be rounded to either side. */
const ROUNDING = 1;

describeIf(
  process.geteuid?.() === 0,
  'root is needed to start containers',
  'root',
)('SKIFF_TRACE', () => {
  let directory: ReturnType<typeof tempDirectory>;
  let events: TraceEvent[];
  let began: number;
  beforeAll(async () => {
    directory = tempDirectory();
    const file = path.join(directory.path, 'trace.json');
    began = Date.now() * 1000;
    const { code } = await run(['run', 'true'], { root: tempRoot(), env: { SKIFF_TRACE: file } });
    expect(code).toBe(0);
    const trace = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(trace.displayTimeUnit).toMatch(/^(ms|ns)$/);
    expect(Array.isArray(trace.traceEvents)).toBe(true);
    events = trace.traceEvents as TraceEvent[];
  });
  afterAll(() => directory.remove());

  const complete = () => events.filter(({ ph }) => ph === 'X');

  test('every event has what the format asks for, in its type', () => {
    expect(complete().length).toBeGreaterThan(8);
    for (const event of events) {
      expect(event).toMatchObject({ name: expect.stringMatching(/./), ph: expect.stringMatching(/^[XM]$/) });
      for (const number of [event.pid, event.tid, event.ts]) expect(Number.isInteger(number)).toBe(true);
      expect(event.ts).toBeGreaterThanOrEqual(0);
    }
    for (const { cat, dur } of complete()) {
      expect(typeof cat).toBe('string');
      expect(Number.isInteger(dur)).toBe(true);
      expect(dur).toBeGreaterThanOrEqual(0);
    }
  });

  test('each row has a name, told before its events', () => {
    const rows = new Set(complete().map(({ pid, tid }) => `${pid}.${tid}`));
    const named = events.filter(({ ph, name }) => ph === 'M' && name === 'thread_name');
    expect(new Set(named.map(({ pid, tid }) => `${pid}.${tid}`))).toEqual(rows);
    for (const { args } of named) expect(args).toEqual({ name: expect.stringMatching(/./) });
    expect(events.slice(0, named.length)).toEqual(named);
  });

  test('times are microseconds of now, in order', () => {
    const times = complete().map(({ ts }) => ts);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    for (const ts of times) expect(Math.abs(ts - began)).toBeLessThan(60e6);
  });

  test('events of a row lie one after the other or one in the other', () => {
    for (const a of complete()) {
      for (const b of complete().filter(
        other => other.pid === a.pid && other.tid === a.tid && other.ts > a.ts,
      )) {
        const endA = a.ts + a.dur!;
        const apart = b.ts >= endA - ROUNDING;
        const inside = b.ts + b.dur! <= endA + ROUNDING;
        expect({ a: a.name, b: b.name, fits: apart || inside }).toEqual({ a: a.name, b: b.name, fits: true });
      }
    }
  });
});
