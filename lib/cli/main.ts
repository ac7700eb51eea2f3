import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../common/package';
import type { Command } from './command';
import { findCommand } from './globals';
import { nearest } from './nearest';
import { writeOut } from './output';
import { usageError } from './parse';
import { reportError } from './report';

interface CommandEntry {
  summary: string;
  load(): Promise<{ default: Command }>;
}

/* The one place that looks up to the floor above: a name becomes a file, loaded only when it is called. */
/* eslint-disable import/no-restricted-paths */
function commandTable(): Map<string, CommandEntry> {
  return new Map([
    ['run', { summary: 'Run a command in a new container', load: () => import('../commands/run') }],
    ['rm', { summary: 'Remove containers that were kept', load: () => import('../commands/rm') }],
    [
      'doctor',
      {
        summary: 'Tell what this machine can do, and what is missing',
        load: () => import('../commands/doctor'),
      },
    ],
    ['bench', { summary: 'Measure how fast containers start here', load: () => import('../commands/bench') }],
  ]);
}
/* eslint-enable import/no-restricted-paths */

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
  const line = findCommand(argv);
  if (line.version) return printVersion();
  const wantsHelp = line.help || line.name === 'help';
  const name = line.name === 'help' ? line.argv.at(-1) : line.name;
  if (name === undefined) return printOverview(commands);
  const entry = commands.get(name);
  if (!entry) throw unknownCommand(name, [...commands.keys()]);
  // Without a look at the command's flags it can be told only where it comes first.
  if (wantsHelp || line.argv[0] === '--help') return printHelp(name, entry);
  const { default: command } = await entry.load();
  return command.execute(line.argv, () => printHelp(name, entry));
}

async function printHelp(name: string, { load }: CommandEntry): Promise<number> {
  const help = await import('./help');
  return help.printHelp(name, async () => (await load()).default);
}

async function printOverview(commands: Map<string, CommandEntry>): Promise<number> {
  const { overview } = await import('./help');
  writeOut(overview([...commands].map(([name, { summary }]) => ({ name, summary }))));
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
