import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../common/package';
import type { CommandEntry } from './command';
import { commandsOf, commandTable } from './commands';
import { findCommand } from './globals';
import { nearest } from './nearest';
import { writeOut } from './output';
import { usageError } from './parse';
import { reportError } from './report';

/** bin/run asks before it hands over: what a package does not bring is built first. */
export { hasNativeCode } from '../native/location';

/**
 * The command line.
 *
 * @param argv without node and script
 * @returns the exit code; never rejects
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await decideDebugColors();
    return await dispatch(argv);
  } catch (error) {
    return reportError(error);
  }
}

/** `debug` would ask process.stderr, which must not be touched before a container has its own (see output.ts). */
async function decideDebugColors(): Promise<void> {
  if (process.env.DEBUG_COLORS !== undefined) return;
  // Without a trace there is nothing to colour, and node:tty is not worth its loading time.
  const colours = process.env.DEBUG !== undefined && (await import('./decorate')).mayDecorate(2);
  process.env.DEBUG_COLORS = colours ? 'yes' : 'no';
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const commands = commandTable();
  const line = findCommand(argv, topic => commandsOf(topic, commands).length > 0);
  if (line.version) return printVersion();
  const wantsHelp = line.help || line.name === 'help';
  const name = line.name === 'help' ? line.argv.filter(word => !word.startsWith('-')).join(' ') : line.name;
  if (!name) return printOverview(commands);
  const entry = commands.get(name);
  if (!entry) return printTopic(name, commands, wantsHelp || line.argv.includes('--help'));
  // Without a look at the command's flags it can be told only where it comes first.
  if (wantsHelp || line.argv[0] === '--help') return printHelp(name, entry);
  const { default: command } = await entry.load();
  return command.execute(line.argv, () => printHelp(name, entry), commands);
}

/** What is no command may be the first word of some. */
async function printTopic(
  name: string,
  commands: Map<string, CommandEntry>,
  wantsHelp: boolean,
): Promise<number> {
  const members = commandsOf(name, commands);
  if (members.length === 0) throw unknownCommand(name, [...commands.keys()]);
  if (!wantsHelp) throw usageError(`"skiff ${name}" requires a command: ${members.join(', ')}`, name);
  const { topicOverview } = await import('./help');
  writeOut(
    topicOverview(
      name,
      members.map(member => ({ name: member, summary: commands.get(member)!.summary })),
    ),
  );
  return 0;
}

async function printHelp(name: string, { load }: CommandEntry): Promise<number> {
  const help = await import('./help');
  return help.printHelp(name, async () => (await load()).default);
}

async function printOverview(commands: Map<string, CommandEntry>): Promise<number> {
  const { overview } = await import('./help');
  writeOut(overview(commands));
  return 0;
}

function printVersion(): number {
  const file = path.join(packageRoot(), 'package.json');
  const { version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string };
  writeOut(`skiff version ${version}\nspec: 1.2.0\nnode: ${process.version}\n`);
  return 0;
}

function unknownCommand(name: string, known: string[]) {
  const meant = nearest(name, known);
  const error = `unknown command: ${JSON.stringify(name)} for "skiff"`;
  return usageError(error, '', undefined, meant && `Did you mean 'skiff ${meant}'?`);
}
