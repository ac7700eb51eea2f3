import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { TarHeader } from '../../lib/layers/tar-header';
import { TarParser } from '../../lib/layers/tar-parser';
import { run, type RunSettings } from '../helpers/run';

/** What a command of skiff's wrote to stdout, as text. The test fails with what it said where it fails. */
export async function skiff(args: readonly string[], settings: RunSettings = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, settings);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout.toString();
}

/** A command of skiff's that fails: exit code and message. */
export async function refusal(
  args: readonly string[],
  settings: RunSettings = {},
): Promise<{ code: number | null; stderr: string }> {
  const { code, stderr } = await run(args, settings);
  return { code, stderr: stderr.trim() };
}

/** A container that ran a script to its end and was kept. */
export async function keep(name: string, script: string, flags: readonly string[] = []): Promise<void> {
  await skiff(['run', '--keep', '--name', name, ...flags, 'sh', '-c', script]);
}

/** What GNU tar lists of an archive: `-rw-r--r-- 0/0 3 NAME` and so on, without times. */
export function list(archive: Buffer): string[] {
  const { stdout, status, stderr } = spawnSync('tar', ['-tvf', '-', '--numeric-owner', '--full-time'], {
    input: archive,
    maxBuffer: 1 << 30,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/ +/g, ' ').replace(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?/, ''));
}

/** An entry as a tar's reader sees it. */
export interface Entry {
  header: TarHeader;
  content: Buffer;
}

/** All entries of an archive, by name (a byte a character). */
export function entriesOf(archive: Buffer): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  let chunks: Buffer[] = [];
  const parser = new TarParser({
    entry: () => (chunks = []),
    content: bytes => chunks.push(bytes),
    end: header => entries.set(header.name, { header, content: Buffer.concat(chunks) }),
  });
  parser.push(archive);
  parser.finish();
  return entries;
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** `depth` directories in one another with a file in each, by a program that goes down step by step. */
export function makeDeep(inside: string, depth: number): void {
  const code = `
import os, sys
os.chdir(sys.argv[1])
for i in range(int(sys.argv[2])):
    os.mkdir("directory-%d" % i); os.chdir("directory-%d" % i); open("file", "w").write("x")`;
  execFileSync('python3', ['-c', code, inside, String(depth)]);
}

export function setXattr(file: string, name: string, value: string): void {
  const code =
    'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), follow_symlinks=False)';
  execFileSync('python3', ['-c', code, file, name, Buffer.from(value, 'latin1').toString('hex')]);
}

export function blocksOf(directory: string, name: string): number {
  return fs.statSync(path.join(directory, name)).blocks;
}
