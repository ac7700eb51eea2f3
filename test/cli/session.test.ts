import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSync } from 'esbuild';

const SOCKET = `skiff-session-${process.pid}`;
let directory: string;

const file = (name: string) => path.join(directory, name);
const read = (name: string) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), 'utf8') : '');
const tmux = (...args: string[]) => execFileSync('tmux', ['-L', SOCKET, ...args], { encoding: 'utf8' });
const type = (...keys: string[]) => tmux('send-keys', ...keys);

async function until(found: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (found()) return;
    await sleep(50);
  }
  throw new Error(`did not happen; log:\n${read('log')}\nscreen:\n${tmux('capture-pane', '-p')}`);
}

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-session-'));
  buildSync({
    entryPoints: [path.join(__dirname, 'session-program.ts')],
    outfile: file('program.js'),
    bundle: true,
    platform: 'node',
  });
  fs.writeFileSync(
    file('script'),
    `stty -a | tail -n +2 > before
${process.execPath} program.js log; echo $? > code
stty -a | tail -n +2 > after
echo > done
cat`,
  );
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '90', '-y', '20', '-c', directory, 'sh script');
});

afterEach(() => {
  tmux('kill-server');
  fs.rmSync(directory, { recursive: true });
});

test('keys, sizes and output pass, and the terminal is as it was', async () => {
  await until(() => read('log').includes('size'));
  type('a', 'C-c', 'C-z', 'C-\\', 'Enter');
  await until(() => read('log').includes('\\r"'));
  tmux('resize-window', '-x', '100', '-y', '30');
  await until(() => read('log').includes('{"rows":30,"columns":100}'));
  type('q');
  await until(() => read('done') !== '');

  expect(read('log')).toContain('start {"tty":{"rows":20,"columns":90},"stdin":"pipe","stdout":"pipe"}');
  const keys = [...read('log').matchAll(/^key (.*)$/gm)].map(([, key]) => JSON.parse(key!) as string);
  expect(keys.join('')).toBe('a\x03\x1a\x1c\rq');
  expect(read('log')).not.toContain('signal');
  expect(read('code')).toBe('7\n');
  expect(read('after')).toBe(read('before'));
  const screen = tmux('capture-pane', '-p');
  // A line feed is one: what the container's own terminal did not turn into a new line stays a step down.
  expect(screen).toMatch(/^ +the last words/m);
});

test('signals reach the container, not this process', async () => {
  await until(() => read('log').includes('size'));
  // The pane's shell has one child: the session.
  const shell = tmux('display-message', '-p', '#{pane_pid}').trim();
  const session = Number(fs.readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8'));
  for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGTERM'] as const) {
    process.kill(session, signal);
    await until(() => read('log').includes(`signal "${signal}"`));
  }
  type('q');
  await until(() => read('code') !== '');
  expect(read('code')).toBe('7\n');
});
