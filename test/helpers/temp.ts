import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * What the name of a state root starts with: the environment removes such a directory itself after the test file, and
 * insists only that no container is left in it.
 */
export const ROOT_PREFIX = 'root-';

/** A new directory for skiff's state, below the directory that the test file has for itself. */
export function tempRoot(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), ROOT_PREFIX));
}

/** A new empty directory, removed after the test that asked for it. Not for use outside of a test or its hooks. */
export function tempDirectory(): { path: string; remove(): void } {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'test-'));
  return { path: directory, remove: () => fs.rmSync(directory, { recursive: true, force: true }) };
}
