import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Command as OclifCommand } from '@oclif/core';
import { packageRoot } from '../common/package';
import type { Command, CommandTable } from './command';
import { mayDecorate } from './decorate';
import { writeOut } from './output';

/** What the build writes beside the bundled command line: the text of every command's help, by the command's name. */
const BUILT_TEXTS = path.join(__dirname, 'help.json');

/**
 * Print a command's help: the text that was made of it at build time, or one made now where nothing was built.
 *
 * @param load the command, at need
 * @returns the exit code
 */
export async function printHelp(name: string, load: () => Promise<Command>): Promise<number> {
  const text = builtText(name) ?? (await renderHelp(await load()));
  writeOut(mayDecorate(1) ? text : stripVTControlCharacters(text));
  return 0;
}

function builtText(name: string): string | undefined {
  if (!fs.existsSync(BUILT_TEXTS)) return undefined;
  return (JSON.parse(fs.readFileSync(BUILT_TEXTS, 'utf8')) as Record<string, string>)[name];
}

/**
 * A command's help by oclif, whose loading takes three times as long as node's own start. It is there in a checkout
 * (devDependencies), and not in an installed package, which has every text.
 */
export async function renderHelp(command: Command): Promise<string> {
  const { CommandHelp, Config } = await import('@oclif/core');
  const config = new Config({ root: packageRoot() });
  config.bin = 'skiff';
  config.topicSeparator = ' ';
  return `${new CommandHelp(toOclif(command), config, { maxWidth: 110 }).generate()}\n`;
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

/** Help of a topic: its commands. */
export function topicOverview(topic: string, commands: readonly { name: string; summary: string }[]): string {
  return `USAGE\n  $ skiff ${topic} COMMAND\n\nCOMMANDS\n${formatCommands(commands)}\n`;
}

function formatCommands(
  commands: readonly { name: string; summary: string }[],
  width = Math.max(...commands.map(({ name }) => name.length)),
): string {
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
}

/** The commands under their headings, each by its own name alone. */
function formatGroups(commands: CommandTable): string {
  const groups = new Map<string, { name: string; summary: string }[]>();
  for (const [name, { summary, group }] of commands) {
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), { name, summary }]);
  }
  const width = Math.max(...[...groups.values()].flat().map(({ name }) => name.length));
  return [...groups]
    .map(([group, members]) => `${group.toUpperCase()}\n${formatCommands(members, width)}`)
    .join('\n\n');
}

/** Help of skiff itself. */
export function overview(commands: CommandTable): string {
  return `Run isolated programs in Linux containers, without a daemon.

USAGE
  $ skiff [--root DIR] [--debug] COMMAND

${formatGroups(commands)}

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
