import { text, toggle, type Flags } from './flags';
import { parseArgv } from './parse';

/** Flags of every command. They may stand before its name too. */
export const globalFlags = {
  root: text({ helpValue: '<dir>', helpGroup: 'GLOBAL', summary: 'Where images and containers are kept' }),
  debug: toggle({ helpGroup: 'GLOBAL', summary: 'Trace each step on stderr' }),
  help: toggle({ helpGroup: 'GLOBAL', summary: 'Show this help' }),
} satisfies Flags;

/** What can stand before a command's name, or instead of one. */
const leadingFlags = {
  ...globalFlags,
  help: toggle({ char: 'h', summary: 'Show help' }),
  version: toggle({ char: 'v', summary: 'Show the version' }),
} satisfies Flags;

/** A command line with its command's name found. */
export interface CommandLine {
  /** Undefined where there is none. */
  name?: string;
  /** What belongs to the command: the global flags that stood before its name, then all behind it. */
  argv: string[];
  help: boolean;
  version: boolean;
}

/**
 * Find the command's name, and hoist the global flags before it behind it: `--root DIR run sh` is
 * `run --root DIR sh`.
 *
 * @param argv without node and script
 * @param isTopic whether a word needs another one behind it to be a command's name
 * @throws SkiffError INVALID_ARGUMENT for an unknown flag before the name
 */
export function findCommand(
  argv: readonly string[],
  isTopic: (word: string) => boolean = () => false,
): CommandLine {
  const { flags, words } = parseArgv(argv, leadingFlags, '');
  const [first, ...behind] = words;
  const isPair =
    first !== undefined && isTopic(first) && behind[0] !== undefined && !behind[0].startsWith('-');
  const name = isPair ? `${first} ${behind[0]}` : first;
  const rest = isPair ? behind.slice(1) : behind;
  const leading = [
    ...(flags.root === undefined ? [] : ['--root', flags.root]),
    ...(flags.debug ? ['--debug'] : []),
  ];
  return { name, argv: [...leading, ...rest], help: flags.help, version: flags.version };
}
