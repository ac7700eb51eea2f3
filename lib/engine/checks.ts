import fs from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../common/directories';
import { errorCode, errorMessage, invalidArgument, SkiffError } from '../common/errors';
import { needsNamespaces } from '../common/rootless';
import { INIT, nativeDirectory } from '../native';
import type { StartOptions } from './options';
import { isOpen } from './stdio';

/** The static init, of the same build as the addon. */
export function initPath(): string {
  return path.join(nativeDirectory(), INIT);
}

/** @throws SkiffError EPERM for whoever is not root, or root that may not mount, outside of their namespaces */
export function requireRoot(): void {
  if (!needsNamespaces()) return;
  throw new SkiffError(
    `this process is not in the namespaces that containers of uid ${process.geteuid?.()} need`,
    {
      code: 'EPERM',
      // A process of several threads, as node is, can not enter a user namespace; setns(2).
      remedy: "Start the program by 'skiff unshare node PROGRAM', or as root.",
    },
  );
}

/** Make the directories of a root, and see that they can be written to. */
export function prepareRoot(root: string): void {
  const containers = path.join(root, 'containers');
  try {
    makeDirectories(containers, 0o711);
    fs.accessSync(containers, fs.constants.W_OK);
    requireOwner(root);
  } catch (error) {
    if (SkiffError.is(error)) throw error;
    // Node's text ends with its own call and path.
    const reason = errorMessage(error).replace(/^[A-Z0-9]+: |, \w+ '.*$/gs, '');
    throw new SkiffError(`cannot use the root directory: ${root}: ${reason}`, {
      code: errorCode(error) ?? 'EACCES',
      path: root,
      remedy: 'Choose a directory that can be written to: --root DIR or SKIFF_ROOT.',
      cause: error,
    });
  }
}

/** Whoever owns it could put images and records there that are taken for ours. */
function requireOwner(root: string): void {
  const owner = fs.statSync(root).uid;
  if (owner === process.geteuid!()) return;
  throw new SkiffError(`cannot use the root directory: ${root}: it belongs to another user`, {
    code: 'EACCES',
    path: root,
    remedy: 'Choose a directory of your own: --root DIR or SKIFF_ROOT.',
  });
}

/** @returns the absolute path of a directory that is there */
export function requireDirectory(directory: string): string {
  const resolved = path.resolve(directory);
  const about = fs.statSync(resolved, { throwIfNoEntry: false });
  if (about?.isDirectory()) return resolved;
  throw invalidArgument(
    `cannot use the root file system: ${directory}: ${about ? 'not a directory' : 'no such directory'}`,
  );
}

/** @throws SkiffError INVALID_ARGUMENT for a descriptor that is not open */
export function checkStdio(options: StartOptions): void {
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const option = options[name];
    if (typeof option === 'number' && !isOpen(option)) {
      throw invalidArgument(`${name}: descriptor ${option} is not open`);
    }
  }
}
