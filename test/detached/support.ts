import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, run, type Ran, type RunSettings } from '../helpers/run';
import { until } from '../helpers/wait';
import type { ContainerRecord } from '../../lib/state';

/** `./bin/run ARGS...` that must succeed; what it printed, less the newline at its end. */
export async function skiff(...args: string[]): Promise<string> {
  const ran = await run(args);
  expect({ args, code: ran.code, stderr: ran.stderr }).toEqual({ args, code: 0, stderr: '' });
  return ran.stdout.toString().replace(/\n$/, '');
}

/** `./bin/run ARGS...` as it ends. */
export async function attempt(args: string[], settings?: RunSettings): Promise<Pick<Ran, 'code' | 'stderr'>> {
  const { code, stderr } = await run(args, settings);
  return { code, stderr };
}

/** A container's record as it stands in its file. */
export function recordOf(id: string, root = fileRoot()): ContainerRecord {
  const file = path.join(root, 'containers', id, 'state.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')) as ContainerRecord;
}

/** What has become of it, once it is that. */
export function untilStatus(id: string, status: string): Promise<ContainerRecord> {
  return until(`${id.slice(0, 12)} is ${status}`, () => {
    const record = recordOf(id);
    return record.state?.status === status ? record : undefined;
  });
}

/** The entries of its log, less their times. */
export function logOf(id: string, name = 'log', root = fileRoot()): string[] {
  const file = path.join(root, 'containers', id, name);
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map(line => {
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) [FP] /);
    return line.slice(line.indexOf(' ') + 1);
  });
}

/** What it wrote to its standard output, line by line: the parts of one that came in pieces are put together. */
export function linesOf(id: string, root = fileRoot()): string[] {
  const parts = logOf(id, 'log', root).map(entry =>
    entry.replace(/^std\w+ ([FP]) ([^]*)$/, (_, tag, text) => (tag === 'F' ? `${text}\n` : text)),
  );
  return parts.join('').split('\n').filter(Boolean);
}

/** All containers of this test file's root are removed after each test, so that none has to think of those before. */
export function removeAllAfterEach(): void {
  afterEach(async () => {
    const directory = path.join(fileRoot(), 'containers');
    const ids = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
    if (ids.length > 0) await run(['rm', '-f', ...ids]);
  });
}
