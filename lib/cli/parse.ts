import { invalidArgument, errorMessage, type SkiffError } from '../common/errors';
import { labelOf, type Flag, type Flags, type FlagValues } from './flags';

/** A command line, taken apart. */
export interface Parsed<F extends Flags> {
  flags: FlagValues<F>;
  /** From the first positional on, byte-exact; an explicit `--` before it is not among them. */
  words: string[];
}

/**
 * Read flags up to the first word that is none, by the rules of Docker's parser (pflag, not interspersed): all that
 * stands from there on belongs to the words. Takes `--name=value`, `--name value`, `-m64m`, `-m=64m`, `-m 64m`,
 * `-ti`, and `--`; a value may look like a flag.
 *
 * This is done here and not by oclif's parser for three reasons. That one sorts positionals by their first
 * occurrence in argv (`a b a` comes back as `a a b`); it refuses values that look like flags; and loading it costs
 * 60 ms and touches process.stdout, which sets O_NONBLOCK on a pipe that the container is about to inherit.
 *
 * @param argv after the command's name
 * @param command for the remedy: `run`; '' for skiff itself
 * @param interspersed flags may stand behind words, too; only `--` ends them
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function parseArgv<F extends Flags>(
  argv: readonly string[],
  flags: F,
  command: string,
  interspersed = false,
): Parsed<F> {
  const names = namesOf(flags);
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, emptyValue(flag)]),
  );
  const queue = [...argv];
  const words: string[] = [];
  const set = (name: string, given: string) => {
    values[name] = addValue(values[name], name, flags[name]!, given, command);
  };
  while (queue.length > 0) {
    const word = queue[0]!;
    const isWord = !word.startsWith('-') || word === '-';
    if (isWord && !interspersed) break;
    queue.shift();
    if (isWord) {
      words.push(word);
      continue;
    }
    if (word === '--') break;
    if (word.startsWith('--')) readLong(word, { names, flags, queue, set, command });
    else readShorts(word, { names, flags, queue, set, command });
  }
  return { flags: values as FlagValues<F>, words: [...words, ...queue] };
}

/** What reading one word needs. */
interface Reader {
  /** `--memory`, `--mem` and `-m` to `memory`. */
  names: Map<string, string>;
  flags: Flags;
  /** The words after this one: a value is taken from its front. */
  queue: string[];
  set(name: string, given: string): void;
  command: string;
}

function readLong(word: string, { names, flags, queue, set, command }: Reader): void {
  const equals = word.indexOf('=');
  const given = equals === -1 ? word : word.slice(0, equals);
  const name = names.get(given);
  if (name === undefined) throw usageError(`unknown flag: ${given}`, command);
  if (equals !== -1) return set(name, word.slice(equals + 1));
  if (flags[name]!.type === 'boolean') return set(name, 'true');
  const next = queue.shift();
  if (next === undefined) throw usageError(`flag needs an argument: ${given}`, command);
  set(name, next);
}

function readShorts(word: string, { names, flags, queue, set, command }: Reader): void {
  for (let at = 1; at < word.length; at += 1) {
    const name = names.get(`-${word[at]}`);
    if (name === undefined) {
      throw usageError(`unknown shorthand flag: '${word[at]}' in ${word}`, command);
    }
    const rest = word.slice(at + 1);
    if (rest.startsWith('=')) return set(name, rest.slice(1));
    if (flags[name]!.type === 'boolean') {
      set(name, 'true');
      continue;
    }
    const given = rest === '' ? queue.shift() : rest;
    if (given === undefined) throw usageError(`flag needs an argument: '${word[at]}' in ${word}`, command);
    return set(name, given);
  }
}

function namesOf(flags: Flags): Map<string, string> {
  return new Map(
    Object.entries(flags).flatMap(([name, { char, aliases = [] }]) => [
      ...[name, ...aliases].map((long): [string, string] => [`--${long}`, name]),
      ...(char === undefined ? [] : [[`-${char}`, name] as [string, string]]),
    ]),
  );
}

function emptyValue(flag: Flag): unknown {
  if (flag.type === 'boolean') return flag.initially ?? false;
  return flag.multiple ? [] : undefined;
}

function addValue(before: unknown, name: string, flag: Flag, given: string, command: string): unknown {
  try {
    if (flag.type === 'boolean') return toBoolean(given);
    const parsed = flag.parse(given);
    return flag.multiple ? [...(before as unknown[]), parsed] : parsed;
  } catch (error) {
    const reason = errorMessage(error);
    const label = labelOf(name, flag);
    throw usageError(
      `invalid argument ${JSON.stringify(given)} for "${label}" flag: ${reason}`,
      command,
      error,
    );
  }
}

/** Go's strconv.ParseBool, which Docker's `--flag=value` goes through. */
function toBoolean(given: string): boolean {
  if (/^(1|t|T|true|True|TRUE)$/.test(given)) return true;
  if (/^(0|f|F|false|False|FALSE)$/.test(given)) return false;
  throw invalidArgument(`strconv.ParseBool: parsing ${JSON.stringify(given)}: invalid syntax`);
}

/** A command line that can not be understood; its remedy points at the help where there is no better one. */
export function usageError(message: string, command: string, cause?: unknown, remedy?: string): SkiffError {
  const help = ['skiff', command, '--help'].filter(Boolean).join(' ');
  return invalidArgument(message, { remedy: remedy ?? `See '${help}'.`, cause });
}
