import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../common/package';

/** The addon's file. */
export const ADDON = 'skiff.node';

/** The static init, which stands beside the addon. */
export const INIT = 'skiff-init';

/** The program interpreter of an executable is named in its first page: musl's as `/lib/ld-musl-x86_64.so.1`. */
const ELF_PAGE_BYTES = 4096;
const MUSL_INTERPRETER = '/ld-musl-';

/** It can be read even where node was replaced meanwhile. */
const THIS_PROGRAM = '/proc/self/exe';

/**
 * The directory of the addon and its init: what was built here from source, else what the package brings for this
 * machine. One directory for both, since they talk to each other and have to be of one build.
 *
 * @returns a directory that may be missing: see {@link hasNativeCode}
 */
export function nativeDirectory(): string {
  const root = packageRoot();
  return isBuilt(root) ? path.join(root, 'build', 'Release') : prebuiltDirectory(root);
}

/** Whether there is an addon for this machine. */
export function hasNativeCode(): boolean {
  return fs.existsSync(path.join(nativeDirectory(), ADDON));
}

/** Where a package brings what was built for a machine like this one. */
export function prebuiltDirectory(root: string): string {
  return path.join(root, 'prebuilds', platformName());
}

/** What an addon has to be built for, such as `linux-x64-glibc`. Of Node's version it is independent: Node-API. */
export function platformName(): string {
  return `${process.platform}-${process.arch}-${libcName(THIS_PROGRAM)}`;
}

/**
 * The C library that a program is linked with.
 *
 * @param program an ELF executable
 */
export function libcName(program: string): 'glibc' | 'musl' {
  const page = Buffer.alloc(ELF_PAGE_BYTES);
  const fd = fs.openSync(program, 'r');
  try {
    fs.readSync(fd, page, 0, page.length, 0);
  } finally {
    fs.closeSync(fd);
  }
  return page.includes(MUSL_INTERPRETER) ? 'musl' : 'glibc';
}

/** The stamp is a link that comes last in a build; it counts as itself, wherever it leads. */
function isBuilt(root: string): boolean {
  return fs.lstatSync(path.join(root, 'build', 'complete'), { throwIfNoEntry: false }) !== undefined;
}
