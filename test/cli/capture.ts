import fs from 'node:fs';

/** What was written to standard output and standard error. */
export interface Captured {
  out: string;
  err: string;
}

/** Keep what is written to descriptors 1 and 2; `jest.restoreAllMocks()` ends it. */
export function capture(): Captured {
  const captured: Captured = { out: '', err: '' };
  const original = fs.writeSync as (...args: unknown[]) => number;
  const replacement = (fd: number, data: Uint8Array, ...rest: unknown[]) => {
    // jest itself writes files while modules are loaded.
    if (fd !== 1 && fd !== 2) return original(fd, data, ...rest);
    captured[fd === 1 ? 'out' : 'err'] += Buffer.from(data).toString();
    return data.byteLength;
  };
  jest.spyOn(fs, 'writeSync').mockImplementation(replacement as typeof fs.writeSync);
  return captured;
}
