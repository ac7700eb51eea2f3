import type { Command, CommandTable } from '../command';
import type { Flag, Flags } from '../flags';
import { globalFlags } from '../globals';
import { argumentKinds, kindOf, type ArgumentKind } from './arguments';

/** Something that can be typed. */
export interface Candidate {
  text: string;
  description?: string;
  /** Offered where its beginning was typed and nothing else fits. */
  late?: boolean;
}

export interface Completion {
  candidates: Candidate[];
  /** The shell's own completion of files goes with it. */
  files: boolean;
}

export interface CompletionContext {
  commands: CommandTable;
  /** What there is of a kind, for a command and with the `--root` of its line. */
  names(kind: ArgumentKind, command: string, root: string | undefined): Promise<Candidate[]>;
}

/** What the words before the one that is typed say. */
interface Situation {
  /** A flag that waits for its value. */
  pending?: Flag;
  /** Words that are no flags, nor their values. */
  words: string[];
  root?: string;
  /** A `--`, or a word that is no flag, was there: no flags any more. */
  flagsEnded: boolean;
}

/**
 * What can stand in the place of the last word.
 *
 * @param typed the words behind the program's name; the last is the one that is being typed
 */
export async function complete(typed: readonly string[], context: CompletionContext): Promise<Completion> {
  const current = typed.at(-1) ?? '';
  const before = typed.slice(0, -1);
  const { name, flags: leading, rest } = findName(before, context.commands);
  const offered =
    name === undefined
      ? await atCommand(current, leading, rest, context)
      : await inCommand(current, { name, leading, rest }, context);
  const fitting = offered.candidates.filter(({ text }) => text.startsWith(current));
  const early = fitting.filter(({ late }) => !late);
  return { ...offered, candidates: early.length > 0 || current === '' ? early : fitting };
}

/** The command's name, and the words before and behind it. */
function findName(before: readonly string[], commands: CommandTable) {
  let start = 0;
  while (start < before.length && before[start]!.startsWith('-'))
    start += takesNext(before[start]!, globalFlags) ? 2 : 1;
  const flags = before.slice(0, start);
  const [first, second] = before.slice(start);
  const pair = `${first} ${second}`;
  if (second !== undefined && commands.has(pair)) return { name: pair, flags, rest: before.slice(start + 2) };
  if (first !== undefined && commands.has(first))
    return { name: first, flags, rest: before.slice(start + 1) };
  return { name: undefined, flags, rest: before.slice(start) };
}

/** Where a command's name is expected: at the beginning, or behind a topic. */
async function atCommand(
  current: string,
  leading: readonly string[],
  rest: readonly string[],
  context: CompletionContext,
): Promise<Completion> {
  const { pending } = situationOf(leading, globalFlags);
  if (pending) return valuesOf(pending, current, '', context);
  if (current.startsWith('-')) return { candidates: flagCandidates(globalFlags), files: false };
  const wanted = rest[0] === 'help' ? rest.slice(1) : rest;
  const candidates = nextWords(wanted, context.commands);
  if (rest.length === 0) candidates.push({ text: 'help', description: 'Show help of a command' });
  return { candidates, files: false };
}

/** The words that can follow those of a name that is not whole yet. */
function nextWords(before: readonly string[], commands: CommandTable): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const [name, { summary, hidden }] of commands) {
    const words = name.split(' ');
    const text = words[before.length];
    if (hidden || text === undefined || before.some((word, at) => words[at] !== word)) continue;
    const isWhole = words.length === before.length + 1;
    if (isWhole || !found.has(text)) {
      found.set(text, { text, description: isWhole ? summary : `${text} COMMAND` });
    }
  }
  return [...found.values()];
}

async function inCommand(
  current: string,
  { name, leading, rest }: { name: string; leading: readonly string[]; rest: readonly string[] },
  context: CompletionContext,
): Promise<Completion> {
  const { default: command } = await context.commands.get(name)!.load();
  const situation = situationOf([...leading, ...rest], command.flags, command.interspersed);
  const { pending, root, words, flagsEnded } = situation;
  if (pending) return valuesOf(pending, current, name, context, root);
  if (current.startsWith('-') && !flagsEnded) {
    const [, given, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
    const flag = given === undefined ? undefined : flagNamed(given, command.flags);
    if (!flag || flag.type === 'boolean') return { candidates: flagCandidates(command.flags), files: false };
    const values = await valuesOf(flag, value!, name, context, root);
    return {
      ...values,
      candidates: values.candidates.map(candidate => ({ ...candidate, text: `${given}=${candidate.text}` })),
    };
  }
  return argumentsOf(command, name, words.length, context, root);
}

async function argumentsOf(
  command: Command,
  name: string,
  place: number,
  context: CompletionContext,
  root: string | undefined,
): Promise<Completion> {
  const kinds = argumentKinds(command.usage, command.name, place);
  const lists = await Promise.all(kinds.map(kind => context.names(kind, name, root)));
  return { candidates: lists.flat(), files: kinds.includes('file') };
}

/** Values that are listed in the flag's own words, or that its name tells of. */
async function valuesOf(
  flag: Flag,
  current: string,
  command: string,
  context: CompletionContext,
  root?: string,
): Promise<Completion> {
  if (flag.type === 'boolean') return { candidates: [], files: false };
  if (flag.values) return { candidates: flag.values.map(text => ({ text })), files: false };
  const [, inner = ''] = /^<(.*)>$/s.exec(flag.helpValue) ?? [];
  // `<none|host>`, but not `<dir[:options]>`.
  if (/^[\w.-]+(\|[\w.-]+)+$/.test(inner)) {
    return { candidates: inner.split('|').map(text => ({ text })), files: false };
  }
  const kind = kindOf(inner);
  return { candidates: await context.names(kind, command, root), files: kind === 'file' };
}

/** Read words as the parser does: flags up to the first word that is none, where they do not stand behind words, too. */
function situationOf(before: readonly string[], flags: Flags, interspersed = false): Situation {
  const situation: Situation = { words: [], flagsEnded: false };
  for (let at = 0; at < before.length; at += 1) {
    const word = before[at]!;
    if (situation.flagsEnded || !word.startsWith('-') || word === '-') {
      situation.flagsEnded ||= !interspersed;
      situation.words.push(word);
    } else if (word === '--') {
      situation.flagsEnded = true;
    } else if (takesNext(word, flags)) {
      const flag = flagNamed(word, flags)!;
      if (at === before.length - 1) situation.pending = flag;
      if (flag === flags.root) situation.root = before[at + 1];
      at += 1;
    } else if (word.startsWith('--root=')) {
      situation.root = word.slice('--root='.length);
    }
  }
  return situation;
}

/** `--memory 64m`, `-m 64m`, `-tm 64m`, but not `--memory=64m`, `-m64m`. */
function takesNext(word: string, flags: Flags): boolean {
  if (word.includes('=')) return false;
  if (word.startsWith('--')) return flagNamed(word, flags)?.type === 'option';
  const letters = [...word.slice(1)];
  const first = letters.findIndex(letter => flagNamed(`-${letter}`, flags)?.type === 'option');
  return first !== -1 && first === letters.length - 1;
}

/** @param word `--memory`, `--mem`, `-m`, or a bundle whose last letter counts */
function flagNamed(word: string, flags: Flags): Flag | undefined {
  if (!word.startsWith('--')) return Object.values(flags).find(({ char }) => char === word.at(-1));
  const name = word.slice(2);
  return Object.hasOwn(flags, name)
    ? flags[name]
    : Object.values(flags).find(({ aliases = [] }) => aliases.includes(name));
}

function flagCandidates(flags: Flags): Candidate[] {
  return Object.entries(flags).flatMap(([name, { char, summary }]) => [
    { text: `--${name}`, description: summary },
    ...(char === undefined ? [] : [{ text: `-${char}`, description: summary }]),
  ]);
}
