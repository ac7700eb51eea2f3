import { readIfThere, type CgroupKernel } from './kernel';

/**
 * The one number that a file holds, or that of a flat keyed one (`oom_kill 3`).
 *
 * @param text none where there is no such file
 * @param key the word before the number, of a flat keyed one
 * @returns undefined where the file or the key is missing, or what is there is no number
 */
export function countIn(text: string | null | undefined, key?: string): number | undefined {
  if (!text) return undefined;
  const at = key === undefined ? 0 : placeOf(text, key);
  const count = at < 0 ? NaN : Number.parseInt(text.slice(at), 10);
  return count >= 0 ? count : undefined;
}

/** A file that holds one number; undefined where the kernel has no such file. */
export function numberIn(kernel: CgroupKernel, path: string): number | undefined {
  return countIn(readIfThere(kernel, path));
}

/** One value of a flat keyed file; undefined where file or key is missing. */
export function flatKey(kernel: CgroupKernel, path: string, key: string): number | undefined {
  return countIn(readIfThere(kernel, path), key);
}

/** Where the value begins that a line tells of this key; -1: none does. */
function placeOf(text: string, key: string): number {
  if (text.startsWith(`${key} `)) return key.length + 1;
  const line = text.indexOf(`\n${key} `);
  return line < 0 ? -1 : line + key.length + 2;
}
