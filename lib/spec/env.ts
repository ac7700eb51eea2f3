import { invalidArgument } from '../common/errors';

/** Where a container's shell looks for programs when nothing else is said. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Looks up a variable of the host's; undefined where it has none of that name. */
export type HostEnv = (name: string) => string | undefined;

export interface EnvInput {
  /** Of the image. */
  image?: readonly string[];
  /** Of the user: an object, or `NAME=value`, or `NAME` alone, which takes a variable away. */
  user?: Record<string, string> | readonly string[];
  hostname: string;
  tty: boolean;
  /** Home directory of the user that runs the command. */
  home: string;
}

/**
 * A container's environment by Docker's rules: PATH, HOSTNAME, TERM with a terminal; the image's over them; the
 * user's over those; HOME where none of them gave one.
 *
 * @returns `NAME=value`, each name once, in the order of first mention
 * @throws SkiffError INVALID_ARGUMENT for an entry without a name
 */
export function toEnv({ home, ...input }: EnvInput): string[] {
  const variables = toVariables(input);
  if (!variables.has('HOME')) variables.set('HOME', home);
  return toEntries(variables);
}

/** All of {@link toEnv} but the HOME that none of them gave. */
export function toVariables({ image = [], user = [], hostname, tty }: Omit<EnvInput, 'home'>) {
  const variables = new Map([
    ['PATH', DEFAULT_PATH],
    ['HOSTNAME', hostname],
  ]);
  if (tty) variables.set('TERM', 'xterm');
  setVariables(variables, [...image, ...toList(user)]);
  return variables;
}

/**
 * Set `NAME=value`, and take `NAME` alone away.
 *
 * @throws SkiffError INVALID_ARGUMENT for an entry without a name
 */
export function setVariables(variables: Map<string, string>, entries: readonly string[]): void {
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals === 0 || entry === '') throw invalidArgument(`invalid environment variable: ${entry}`);
    if (equals === -1) variables.delete(entry);
    else variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
}

export function toEntries(variables: ReadonlyMap<string, string>): string[] {
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** The user's variables as `NAME=value`. */
export function toList(env: Record<string, string> | readonly string[]): readonly string[] {
  if (Array.isArray(env)) return env;
  return Object.entries(env).map(([name, value]) => {
    if (name === '' || name.includes('=')) throw invalidArgument(`invalid environment variable: ${name}`);
    return `${name}=${value}`;
  });
}

/**
 * What `-e` means: `NAME=value` as it stands; `NAME` is the host's variable, or takes it away where the host has none.
 *
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording where there is no name
 */
export function resolveEnvFlag(text: string, host: HostEnv): string {
  if (text === '' || text.startsWith('=')) throw invalidArgument(`invalid environment variable: ${text}`);
  if (text.includes('=')) return text;
  const value = host(text);
  return value === undefined ? text : `${text}=${value}`;
}

/**
 * Read an env file by Docker's rules: a variable on each line, `#` starts a comment line, blanks before a name are
 * dropped, quotes mean nothing, `NAME` alone takes the host's value and is left out where the host has none.
 *
 * @param content the file
 * @param path for messages
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function parseEnvFile(content: Buffer, path: string, host: HostEnv): string[] {
  const variables: string[] = [];
  for (const line of decode(content, path).split('\n')) {
    const entry = line.replace(/\r$/, '').trimStart();
    if (entry === '' || entry.startsWith('#')) continue;
    const equals = entry.indexOf('=');
    const name = equals === -1 ? entry : entry.slice(0, equals);
    if (name === '') throw poorly(`no variable name on line '${entry}'`, path);
    if (/\s/.test(name)) throw poorly(`variable '${name}' contains whitespaces`, path);
    if (equals !== -1) {
      variables.push(entry);
      continue;
    }
    const value = host(name);
    if (value !== undefined) variables.push(`${name}=${value}`);
  }
  return variables;
}

function decode(content: Buffer, path: string): string {
  try {
    // The decoder drops a byte order mark at the start, as Docker does.
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw invalidArgument(`env file ${path} contains invalid utf8 bytes`, { path, cause });
  }
}

function poorly(reason: string, path: string) {
  return invalidArgument(`env file ${path}: poorly formatted environment: ${reason}`, { path });
}
