/** The C code compiles for the machines that build it themselves: arm64, whose clone3 is assembler, and Alpine, by musl. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';

const FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O1', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror'];
const ARM64 = 'aarch64-linux-gnu-gcc';
const MUSL = 'musl-gcc';

let work: ReturnType<typeof tempDirectory>;

beforeEach(() => {
  work = tempDirectory();
});

afterEach(() => work.remove());

function isInstalled(compiler: string): boolean {
  return spawnSync(compiler, ['--version']).status === 0;
}

/** Compile and assemble every file of the core and the init. */
function compileAll(compiler: string, flags: string[] = []): void {
  for (const folder of ['csrc/core', 'csrc/archive', 'csrc/init', 'csrc/init/monitor']) {
    const directory = path.join(projectRoot, folder);
    const files = fs.readdirSync(directory).filter(name => name.endsWith('.c'));
    const output = path.join(work.path, path.basename(folder));
    fs.mkdirSync(output);
    execFileSync(compiler, [...FLAGS, ...flags, '-c', ...files.map(name => path.join(directory, name))], {
      cwd: output,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    expect(fs.readdirSync(output)).toEqual(files.map(name => name.replace(/c$/, 'o')));
  }
}

itIf(isInstalled(ARM64), `${ARM64} is not installed`, 'arm64')('for arm64', () => compileAll(ARM64));

itIf(
  isInstalled(MUSL),
  `${MUSL} is not installed`,
  'musl',
)('by musl', () => {
  // Of the system's headers only the kernel's, which musl does not have: as csrc/init/build.sh does.
  const machine = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
  const headers = path.join(work.path, 'include');
  fs.mkdirSync(headers);
  for (const name of ['linux', 'asm-generic'])
    fs.symlinkSync(`/usr/include/${name}`, path.join(headers, name));
  fs.symlinkSync(`/usr/include/${machine}/asm`, path.join(headers, 'asm'));
  compileAll(MUSL, ['-idirafter', headers]);
});
