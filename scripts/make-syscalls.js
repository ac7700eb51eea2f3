'use strict';

// node scripts/make-syscalls.js: writes lib/spec/seccomp/syscalls.ts, the numbers of all system calls, out of the headers
// of the kernel (Debian: linux-libc-dev on x86-64, which has those of x32, i386 and the generic ones of arm64, too).
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** What arch/arm64/include/uapi/asm/unistd.h defines before it includes the generic numbers. */
const ARM64 = [
  '__BITS_PER_LONG=64',
  '__ARCH_WANT_RENAMEAT',
  '__ARCH_WANT_NEW_STAT',
  '__ARCH_WANT_SET_GET_RLIMIT',
  '__ARCH_WANT_TIME32_SYSCALLS',
  '__ARCH_WANT_SYS_CLONE3',
  '__ARCH_WANT_MEMFD_SECRET',
];

const ABIS = [
  { name: 'x86_64', header: 'asm/unistd_64.h', defines: [] },
  { name: 'x32', header: 'asm/unistd_x32.h', defines: ['__X32_SYSCALL_BIT=0'] },
  { name: 'x86', header: 'asm/unistd_32.h', defines: [] },
  { name: 'aarch64', header: 'asm-generic/unistd.h', defines: ARM64 },
];

const WIDTH = 118;

/** Names with their numbers, in the order of the numbers. */
function numbersOf({ header, defines }) {
  const flags = defines.map(define => `-D${define}`);
  const source = `#include <${header}>\n`;
  const macros = execFileSync('gcc', ['-E', '-dM', ...flags, '-'], { input: source, encoding: 'utf8' });
  const values = new Map(
    [...macros.matchAll(/^#define (\w+) (.+)$/gm)].map(([, name, value]) => [name, value]),
  );
  const calls = [...values.keys()]
    .filter(name => /^__NR_(?!syscalls$|arch_specific_syscall$)/.test(name))
    .map(name => ({ name: name.replace(/^__NR_(3264_)?/, ''), number: resolve(name, values), alias: name }))
    // The generic header numbers __NR3264_lseek, and names it by another line.
    .filter(({ alias, number }) => !alias.startsWith('__NR_3264') && number !== undefined);
  return calls.sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
}

function resolve(name, values) {
  const value = values
    .get(name)
    ?.replace(/^\((.*)\)$/, '$1')
    .replace(/__X32_SYSCALL_BIT \+ /, '');
  if (value === undefined) return undefined;
  return /^\d+$/.test(value) ? Number(value) : resolve(value, values);
}

/** Runs of consecutive numbers: `0:read,write,open 300:...`. */
function compact(calls) {
  let next = -1;
  let text = '';
  for (const { name, number } of calls) {
    if (number === next - 1) throw new Error(`two names of number ${number}: ${name}`);
    text += number === next ? ` ${name}` : ` ${number} ${name}`;
    next = number + 1;
  }
  return wrap(text.trim().split(' '));
}

function wrap(words) {
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1);
    if (line.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

const tables = ABIS.map(abi => `  ${abi.name}: \`\n${compact(numbersOf(abi))}\n\`,\n`);
const text = `// Written by scripts/make-syscalls.js. A number, and the names from that number on.

/** The system calls of each ABI, as linux/unistd.h has them. */
export const SYSCALLS = {
${tables.join('')}};
`;
fs.writeFileSync(path.join(__dirname, '..', 'lib', 'spec', 'seccomp', 'syscalls.ts'), text);
