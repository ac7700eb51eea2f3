import { readIfThere, type CgroupKernel } from './kernel';

/** A file that holds one number; undefined where the kernel has no such file. */
export function numberIn(kernel: CgroupKernel, path: string): number | undefined {
  const text = readIfThere(kernel, path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** One value of a flat keyed file (`oom_kill 3`); undefined where file or key is missing. */
export function flatKey(kernel: CgroupKernel, path: string, key: string): number | undefined {
  for (const line of (readIfThere(kernel, path) ?? '').split('\n')) {
    const [name, value] = line.split(' ');
    if (name === key && value !== undefined) return Number(value);
  }
  return undefined;
}
