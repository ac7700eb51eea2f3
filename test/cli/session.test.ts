/*
 * The foreground of a container, against a container that is none: what reaches it of the terminal's keys, sizes and
 * signals is told by a program in a real terminal (session-program.ts).
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';

let directory: ReturnType<typeof tempDirectory>;
let terminal: Tmux;

const file = (name: string) => path.join(directory.path, name);
const read = (name: string) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), 'utf8') : '');
const logged = (what: string) => until(`${what} in the log`, () => read('log').includes(what));

beforeEach(async () => {
  directory = tempDirectory();
  // By esbuild's program: its API would leave a service behind.
  const esbuild = path.join(projectRoot, 'node_modules', '.bin', 'esbuild');
  const source = path.join(__dirname, 'session-program.ts');
  const flags = ['--bundle', '--platform=node', '--log-level=error', `--outfile=${file('program.js')}`];
  execFileSync(esbuild, [source, ...flags]);
  // The program looks for the addon in its package, which is this directory then.
  for (const name of ['package.json', 'build']) fs.symlinkSync(path.join(projectRoot, name), file(name));
  fs.writeFileSync(
    file('script'),
    `stty -a | tail -n +2 > before
${process.execPath} program.js log; echo $? > code
stty -a | tail -n +2 > after
echo > done
cat`,
  );
  terminal = await Tmux.start(['sh', 'script'], { columns: 90, rows: 20, cwd: directory.path });
});

afterEach(async () => {
  await terminal.kill();
  directory.remove();
});

test('keys, sizes and output pass, and the terminal is as it was', async () => {
  await logged('size');
  await terminal.sendKeys('a', 'C-c', 'C-z', 'C-\\', 'Enter');
  await logged('\\r"');
  await terminal.resize(100, 30);
  await logged('{"rows":30,"columns":100}');
  await terminal.sendKeys('q');
  await until('end of the session', () => read('done') !== '');

  expect(read('log')).toContain('start {"tty":{"rows":20,"columns":90},"stdin":"pipe","stdout":"pipe"}');
  const keys = [...read('log').matchAll(/^key (.*)$/gm)].map(([, key]) => JSON.parse(key!) as string);
  expect(keys.join('')).toBe('a\x03\x1a\x1c\rq');
  expect(read('log')).not.toContain('signal');
  // Under guard for as long as its mode is not its own.
  expect(read('log')).toMatch(/^guard 0\n[^]*^key [^]*^forget null\n$/m);
  expect(read('code')).toBe('7\n');
  expect(read('after')).toBe(read('before'));
  // A line feed is one: what the container's own terminal did not turn into a new line stays a step down.
  expect(await terminal.capturePane()).toMatch(/^ +the last words/m);
});

test('signals reach the container, not this process', async () => {
  await logged('size');
  // The pane's shell has one child: the session.
  const shell = await terminal.pid();
  const session = Number(fs.readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8'));
  for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGTERM'] as const) {
    process.kill(session, signal);
    await logged(`signal "${signal}"`);
  }
  await terminal.sendKeys('q');
  await until('end of the session', () => read('code') !== '');
  expect(read('code')).toBe('7\n');
});
