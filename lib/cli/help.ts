import type { Command as OclifCommand } from '@oclif/core';
import { packageRoot } from '../common/package';
import type { Command } from './command';
import { writeOut } from './output';

/**
 * Print a command's help. oclif's help is loaded here, at need: it is no part of a container's start.
 *
 * @returns the exit code
 */
export async function printHelp(command: Command): Promise<number> {
  const { CommandHelp, Config } = await import('@oclif/core');
  const config = new Config({ root: packageRoot() });
  config.bin = 'skiff';
  config.topicSeparator = ' ';
  writeOut(`${new CommandHelp(toOclif(command), config, { maxWidth: 110 }).generate()}\n`);
  return 0;
}

/** The same command in oclif's words. */
function toOclif(command: Command): OclifCommand.Loadable {
  const flags = Object.entries(command.flags).map(([name, flag]) => [name, { ...flag, name }]);
  return {
    id: command.name,
    summary: command.summary,
    description: command.description,
    usage: command.usage,
    examples: command.examples.map(({ description, command: line }) => ({ description, command: line })),
    flags: Object.fromEntries(flags),
    args: {},
    aliases: [],
    hiddenAliases: [],
    hidden: false,
    strict: false,
    load: () => Promise.reject(new Error('only help is made of this')),
  };
}

/** Help of skiff itself. */
export function overview(commands: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `Run isolated programs in Linux containers, without a daemon.

USAGE
  $ skiff [--root DIR] [--debug] COMMAND

COMMANDS
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

FLAGS
      --root=<dir>  Where images and containers are kept
      --debug       Trace each step on stderr
  -h, --help        Show help; 'skiff COMMAND --help' for one command
  -v, --version     Show the version

EXAMPLES
  $ skiff run -ti sh
  $ skiff run -m 64m --cpus 0.5 --timeout 10s sh -c 'echo $((6 * 7))'
  $ skiff run --rootfs / node -v
  $ skiff doctor
`;
}
