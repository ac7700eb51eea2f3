import { SkiffError } from '../common/errors';

/**
 * Names in archives are bytes. Inside this folder they are held as "binary" strings, one character for each byte,
 * so that names that are not UTF-8 survive.
 */
export type ByteName = string;

/** The bytes of a name, as the native part takes them. */
export function bytesOf(name: ByteName): Buffer {
  return Buffer.from(name, 'latin1');
}

/** A name for people to read: on one line, between quotes. */
export function quoted(name: ByteName): string {
  const text = bytesOf(name)
    .toString('utf8')
    .replace(/[\u0000-\u001f\u007f'\\]/g, escaped);
  return `'${text.length <= 200 ? text : `${text.slice(0, 200)}...`}'`;
}

function escaped(character: string): string {
  const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t', "'": "\\'", '\\': '\\\\' }[character];
  return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** An entry that would be written outside of the layer, or could be: refused, never bent into something harmless. */
export function unsafeEntry(message: string): SkiffError {
  return new SkiffError(message, { code: 'UNSAFE_TAR', step: 'workspace' });
}

/**
 * The name of an entry below the layer's root, without `.`, doubled and trailing slashes; '' is the root.
 *
 * @throws SkiffError UNSAFE_TAR for absolute names, names with `..`, and names with a NUL; BROKEN_TAR for one that is too
 * long
 */
export function entryName(name: ByteName): ByteName {
  return checkedName(name, `tar entry ${quoted(name)}`);
}

/** What no system call takes, and no file system has: PATH_MAX and NAME_MAX of path_resolution(7) and limits.h(0p). */
export const MAX_PATH = 4095;
const MAX_NAME = 255;

/** The same for what a hard link points to: another entry's name. */
export function linkTarget(name: ByteName, target: ByteName): ByteName {
  return checkedName(target, `tar entry ${quoted(name)}, a hard link to ${quoted(target)},`);
}

function checkedName(name: ByteName, subject: string): ByteName {
  if (name.includes('\0')) throw unsafeEntry(`${subject} has a NUL in its name`);
  if (name.startsWith('/')) throw unsafeEntry(`${subject} has an absolute name, it leads out of the layer`);
  const parts = name.split('/').filter(part => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafeEntry(`${subject} leads out of the layer`);
  const whole = parts.join('/');
  if (whole.length > MAX_PATH || parts.some(part => part.length > MAX_NAME))
    throw new SkiffError(`${subject} has a name that is too long`, { code: 'BROKEN_TAR', step: 'workspace' });
  return whole;
}
