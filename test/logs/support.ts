import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { identify } from '../../lib/common/identity';
import { readLogText, type LogTextOptions } from '../../lib/logs';
import type { ContainerRecord } from '../../lib/state';
import { tempDirectory } from '../helpers/temp';

export type Stream = 'stdout' | 'stderr';

/** A line of a log, written at that second of a certain day. */
export function line(text: string | Buffer, stream: Stream = 'stdout', tag = 'F', second = 0): Buffer {
  const head = `${timeText(second)} ${stream} ${tag} `;
  return Buffer.concat([Buffer.from(head), Buffer.from(text), Buffer.from('\n')]);
}

export function timeText(second: number): string {
  return `2021-11-25T02:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}.123456789Z`;
}

/** Files of a log in a directory of its own, removed after the test. */
export function useLog(): { write(name: string, ...lines: Buffer[]): void; readonly path: string } {
  let directory: ReturnType<typeof tempDirectory>;
  beforeEach(() => (directory = tempDirectory()));
  afterEach(() => directory.remove());
  return {
    write: (name, ...lines) => fs.appendFileSync(path.join(directory.path, name), Buffer.concat(lines)),
    get path() {
      return directory.path;
    },
  };
}

/** What was written to each stream. */
export async function textOf(directory: string, options: LogTextOptions = {}, isOver = async () => true) {
  const written = { stdout: '', stderr: '' };
  for await (const parts of readLogText(directory, options, isOver)) {
    for (const { stream, data } of parts) written[stream] += data.toString('latin1');
  }
  return written;
}

/** Runs the writer; resolves when it has written all. */
export async function writeLog(
  directory: string,
  lines: number,
  bytes: number,
  files: number,
): Promise<void> {
  const program = path.join(__dirname, 'writer.js');
  const words = [program, directory, ...[lines, bytes, files].map(String)];
  const [code] = await once(
    spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] }),
    'exit',
  );
  expect(code).toBe(0);
}

/** A detached container as its record tells it; nothing of it runs. */
export function fakeContainer(root: string, id: string, record: Partial<ContainerRecord>): string {
  const directory = path.join(root, 'containers', id);
  fs.mkdirSync(directory, { recursive: true });
  const whole: ContainerRecord = {
    version: 1,
    id,
    name: id.slice(0, 8),
    status: 'running',
    owner: identify(process.pid)!,
    created: Date.now(),
    image: 'busybox',
    command: ['sh'],
    driver: 'vfs',
    detached: true,
    options: { command: ['sh'] },
    ...record,
  };
  fs.writeFileSync(path.join(directory, 'state.json.tmp'), JSON.stringify(whole));
  fs.renameSync(path.join(directory, 'state.json.tmp'), path.join(directory, 'state.json'));
  return directory;
}
