/*
 * A judge of programs in C: each is compiled, and run with the input of each case until one goes wrong, every time in a
 * sandbox of its own, made ready by a pool. `main.mjs` judges those of `solutions`.
 */
import fs from 'node:fs';

/** The compiler's world: busybox, and the compiler and the libraries of the host, which it can not change. */
const COMPILING = {
  profile: 'sandbox',
  volumes: ['/usr', '/lib', '/lib64'].filter(fs.existsSync).map(place => `${place}:${place}:ro`),
  memory: '512m',
  timeout: '60s',
};

const RUNNING = {
  profile: 'sandbox',
  memory: '64m',
  pidsLimit: 16,
  cpuTime: 500,
  timeout: '3s',
  outputLimit: '64k',
  work: '/w:16m',
};

/** Two numbers are to be added. */
const CASES = [
  { input: '1 2\n', expected: '3\n' },
  { input: '-5 5\n', expected: '0\n' },
  { input: '3000000000 4000000000\n', expected: '7000000000\n' },
];

export class Judge {
  static async open(skiff) {
    const [compiling, running] = await Promise.all([
      skiff.pool({ ...COMPILING, size: 2, maxRunning: 2 }),
      skiff.pool({ ...RUNNING, size: 8 }),
    ]);
    return Object.assign(new Judge(), { compiling, running });
  }

  /** @returns `accepted`, `wrong`, `not compiled`, or the limit that was hit; with the figures of the last run */
  async judge(source) {
    const files = { '/w/a.c': source };
    const command = ['gcc', '-O2', '-static', '-o', 'a.out', 'a.c'];
    const compiled = await this.compiling.run(command, { files, collect: ['/w/a.out'] });
    if (compiled.verdict.status !== 'ok') return { ...compiled.verdict, status: 'not compiled' };
    const program = { '/w/a.out': compiled.files['/w/a.out'] };
    let verdict;
    for (const { input, expected } of CASES) {
      const result = await this.running.run(['./a.out'], { files: program, input });
      verdict = result.verdict;
      if (verdict.status !== 'ok') return verdict;
      if (result.stdout !== expected) return { ...verdict, status: 'wrong' };
    }
    return { ...verdict, status: 'accepted' };
  }
}
