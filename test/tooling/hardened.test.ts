/** What the native code is built with, read from the ELF files themselves; elf(5), and the ABI's supplements. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ADDON, INIT, nativeDirectory } from '../../lib/native/location';
import { describeIf } from '../helpers/conditions';

const readelf = (file: string, ...flags: string[]) =>
  execFileSync('readelf', ['-W', ...flags, file], { encoding: 'utf8' });

/** The init is skiff-hold and skiff-enter, too: by these names it is executed without root. */
const FILES = {
  addon: path.join(nativeDirectory(), ADDON),
  init: path.join(nativeDirectory(), INIT),
};

/** Instructions that the compiler puts in, by the machine. */
const MARKS: Partial<Record<string, { branches: string; guard: string }>> = {
  // endbr64; sub %fs:0x28, REGISTER
  x64: { branches: 'f30f1efa', guard: '25280000' },
};

function count(bytes: Buffer, hex: string): number {
  const wanted = Buffer.from(hex, 'hex');
  let found = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + wanted.length)) found += 1;
  return found;
}

describe.each(Object.entries(FILES))('the %s', (name, file) => {
  const segments = readelf(file, '--program-headers');
  const dynamic = readelf(file, '--dynamic');

  test('is loaded at any address', () => {
    expect(readelf(file, '--file-header')).toMatch(/Type:\s+DYN\b/);
    expect(/FLAGS_1\).*\bPIE\b/.test(dynamic)).toBe(name === 'init');
  });

  test('has its relocations read-only before it runs', () => {
    expect(segments).toMatch(/GNU_RELRO/);
    expect(dynamic).toMatch(/BIND_NOW|FLAGS_1\).*NOW/);
  });

  test('has no memory that can be both written and executed, not even the stack', () => {
    expect(segments).toMatch(/GNU_STACK .* RW /);
    expect(segments).not.toMatch(/\bRWE\b/);
  });
});

test('the init needs no other file', () => {
  expect(readelf(FILES.init, '--program-headers')).not.toMatch(/INTERP/);
  expect(readelf(FILES.init, '--dynamic')).not.toMatch(/NEEDED/);
});

test('the addon calls the checked functions of the C library, and the end of a broken stack', () => {
  const symbols = readelf(FILES.addon, '--dyn-syms');
  expect(symbols).toMatch(/__stack_chk_fail/);
  expect(symbols).toMatch(/__\w+_chk@/);
});

const marks = MARKS[process.arch];
describeIf(
  marks !== undefined,
  `the marks of ${process.arch} are not known`,
  'machine',
)('instructions', () => {
  test.each(Object.entries(FILES))('%s: targets of branches are marked, stacks are guarded', (_, file) => {
    const bytes = fs.readFileSync(file);
    expect(count(bytes, marks!.branches)).toBeGreaterThan(50);
    expect(count(bytes, marks!.guard)).toBeGreaterThan(50);
  });
});
