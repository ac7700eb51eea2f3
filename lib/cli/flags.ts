/**
 * Flags as plain data, in the shape of oclif's flag objects, so that oclif's help prints them. Nothing here knows
 * what a flag is used for.
 */
interface FlagBase {
  summary: string;
  /** One letter: `-m`. */
  char?: string;
  /** Other long names. */
  aliases?: readonly string[];
  helpGroup?: string;
  /** Of a flag with a value: what a shell's completion offers. */
  values?: readonly string[];
}

/** A flag without a value. */
export interface ToggleFlag extends FlagBase {
  type: 'boolean';
  /** It is set where nothing is said; `--flag=false` takes it away. */
  initially?: boolean;
}

/** A flag with a value; of several the last counts, as in Docker. */
export interface ValueFlag<T> extends FlagBase {
  type: 'option';
  multiple: false;
  helpValue: string;
  /** Throws an error with the reason why a text is no value. */
  parse(text: string): T;
}

/** A flag that can be given again and again, with one value each time. */
export interface ListFlag<T> extends FlagBase {
  type: 'option';
  multiple: true;
  helpValue: string;
  parse(text: string): T;
}

export type Flag = ToggleFlag | ValueFlag<unknown> | ListFlag<unknown>;
export type Flags = Readonly<Record<string, Flag>>;

/** What the flags of a command line were set to. */
export type FlagValues<F extends Flags> = {
  [Name in keyof F]: F[Name] extends ListFlag<infer T>
    ? T[]
    : F[Name] extends ValueFlag<infer T>
      ? T | undefined
      : boolean;
};

export function toggle(flag: Omit<ToggleFlag, 'type'>): ToggleFlag {
  return { ...flag, type: 'boolean' };
}

export function text(flag: FlagBase & { helpValue: string }): ValueFlag<string> {
  return value(asIs, flag);
}

export function value<T>(parse: (text: string) => T, flag: FlagBase & { helpValue: string }): ValueFlag<T> {
  return { ...flag, type: 'option', multiple: false, parse };
}

export function list(flag: FlagBase & { helpValue: string }): ListFlag<string> {
  return listOf(asIs, flag);
}

export function listOf<T>(parse: (text: string) => T, flag: FlagBase & { helpValue: string }): ListFlag<T> {
  return { ...flag, type: 'option', multiple: true, parse };
}

/** How messages name a flag: `-m, --memory`. */
export function labelOf(name: string, flag: Flag): string {
  return flag.char === undefined ? `--${name}` : `-${flag.char}, --${name}`;
}

function asIs(given: string): string {
  return given;
}
