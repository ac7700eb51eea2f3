import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** Build a C program that needs nothing of the file system it runs in. */
export function buildStatic(source: string, output: string): void {
  const include = `-I${path.dirname(source)}`;
  const flags = ['-std=gnu11', '-D_GNU_SOURCE', '-O1', '-static', '-Wall', '-Wextra', include];
  const { status, stderr } = spawnSync('cc', [...flags, '-o', output, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot build ${source}: ${stderr}`);
}

/** What of /proc/self/status the command line's `grep` shows, by name. */
export function statusFields(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter(line => line.includes(':'))
      .map(line => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }),
  );
}
