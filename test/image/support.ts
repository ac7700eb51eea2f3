import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { run, type Ran } from '../helpers/run';
import { makeTar, type TestEntry } from '../workspace/support';

const execute = promisify(execFile);

/** A file of a made-up tar. */
export function file(name: string, content = name, header: object = {}): TestEntry {
  return { header: { name, mode: 0o644, mtime: new Date(1_600_000_000_000), ...header }, content };
}

export function directory(name: string, header: object = {}): TestEntry {
  return {
    header: { name, type: 'directory', mode: 0o755, mtime: new Date(1_600_000_000_000), ...header },
  };
}

export async function writeTar(where: string, entries: TestEntry[]): Promise<string> {
  fs.writeFileSync(where, await makeTar(entries));
  return where;
}

/** `./bin/run ARGS...`, which must succeed; its output without the newline at the end. */
export async function skiff(root: string, ...args: string[]): Promise<string> {
  const ran = await run(args, { root });
  expect({ args, code: ran.code, stderr: ran.stderr }).toEqual({ args, code: 0, stderr: '' });
  return ran.stdout.toString().trimEnd();
}

/** The same, which must fail. */
export async function skiffFails(root: string, ...args: string[]): Promise<Ran> {
  const ran = await run(args, { root });
  expect(ran.code).not.toBe(0);
  return ran;
}

/** Names below `images` of a root, but locks and what the bundled image has: what images left there. */
export function imagesLeft(root: string): string[] {
  const images = path.join(root, 'images');
  if (!fs.existsSync(images)) return [];
  return ['layers', 'layer-facts', 'records', '.']
    .flatMap(part => {
      const place = path.join(images, part);
      return fs.existsSync(place) ? fs.readdirSync(place).map(name => path.join(part, name)) : [];
    })
    .filter(
      name => !/^(layers|layer-facts|records|tars|lock|adding\.lock|layers\.lock|refs\.json)$/.test(name),
    );
}

/** A program of the machine; the reason why it cannot be used where it is missing. */
export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A program of the machine with its arguments, to its end. */
export async function call(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(program, args, { timeout: 60_000, maxBuffer: 64 << 20 });
  return stdout;
}
