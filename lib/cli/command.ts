import { needsNamespaces } from '../common/rootless';
import type { Flags, FlagValues } from './flags';
import { globalFlags } from './globals';
import { parseArgv } from './parse';

/** What a command file describes: data for the help, and one function. */
export interface CommandDescription<F extends Flags> {
  name: string;
  summary: string;
  /** After `skiff`: `run [FLAGS] [IMAGE] COMMAND [ARG...]`. */
  usage: string;
  description?: string;
  /** Command lines that work as they stand, each with what it does. */
  examples: readonly { description: string; command: string }[];
  flags: F;
  /**
   * Flags may stand behind words, too. As with Docker it is false for those commands alone whose words are somebody's
   * command line, and true where not given.
   */
  interspersed?: boolean;
  /** It has nothing to do with containers: whoever is not root enters no namespaces for it. */
  outside?: boolean;
  /** @returns the exit code */
  run(input: {
    flags: FlagValues<F & typeof globalFlags>;
    words: string[];
    commands: CommandTable;
  }): Promise<number>;
}

/** A command's place in the table: all that is known of it before its file is loaded. */
export interface CommandEntry {
  summary: string;
  /** The heading that the overview lists it under. */
  group?: string;
  /** Another name of that command; the overview lists the one alone. */
  aliasOf?: string;
  /** For programs: no help lists it. */
  hidden?: boolean;
  load(): Promise<{ default: Command }>;
}

export type CommandTable = ReadonlyMap<string, CommandEntry>;

/** A command as the command line's entry sees it: its flags' types stay inside. */
export interface Command extends Omit<CommandDescription<Flags>, 'run'> {
  /** Parse and run; `help` prints the help instead where it is asked for. */
  execute(argv: readonly string[], help: () => Promise<number>, commands: CommandTable): Promise<number>;
}

/** Make a command out of its description; the global flags are added to its own. */
export function defineCommand<F extends Flags>(description: CommandDescription<F>): Command {
  const { run, interspersed = true, ...rest } = description;
  const flags: F & typeof globalFlags = { ...description.flags, ...globalFlags };
  return {
    ...rest,
    interspersed,
    flags,
    async execute(argv, help, commands) {
      const parsed = parseArgv(argv, flags, description.name, interspersed);
      if (parsed.flags.help) return help();
      if (parsed.flags.debug) await enableDebug();
      if (!description.outside && needsNamespaces()) await enterNamespaces();
      return run({ ...parsed, commands });
    },
  };
}

async function enterNamespaces(): Promise<void> {
  const { enterAgain } = await import('../engine/rootless/enter');
  await enterAgain();
}

async function enableDebug(): Promise<void> {
  const { default: createDebug } = await import('debug');
  createDebug.enable('skiff:*');
}
