import fs from 'node:fs';
import { errorCode } from '../common/errors';
import { writeOut } from './output';

const STDIN = 0;

/**
 * Ask before something is lost, as Docker does: the answer is a line of standard input, and what is not yes is no.
 *
 * @param warning what will be done
 */
export function confirm(warning: string): boolean {
  writeOut(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  return ['y', 'yes'].includes(readLine().trim().toLowerCase());
}

/** By single bytes: what comes after the line is not ours. */
function readLine(): string {
  const bytes: number[] = [];
  const one = Buffer.alloc(1);
  for (;;) {
    try {
      if (fs.readSync(STDIN, one, 0, 1, null) === 0 || one[0] === 0x0a) break;
      bytes.push(one[0]!);
    } catch (error) {
      // A closed input is an answer, too; of one that does not wait, there is none yet.
      if (errorCode(error) !== 'EAGAIN') break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return Buffer.from(bytes).toString();
}
