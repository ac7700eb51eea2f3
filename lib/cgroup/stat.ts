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
  const count = key === undefined ? text.trim() : valueOf(text, key);
  return count !== undefined && /^\d+$/.test(count) ? Number(count) : undefined;
}

/** A file that holds one number; undefined where the kernel has no such file. */
export function numberIn(kernel: CgroupKernel, path: string): number | undefined {
  return countIn(readIfThere(kernel, path));
}

/** One value of a flat keyed file; undefined where file or key is missing. */
export function flatKey(kernel: CgroupKernel, path: string, key: string): number | undefined {
  return countIn(readIfThere(kernel, path), key);
}

function valueOf(text: string, key: string): string | undefined {
  for (const line of text.split('\n')) {
    const [name, value] = line.split(' ');
    if (name === key) return value;
  }
  return undefined;
}
