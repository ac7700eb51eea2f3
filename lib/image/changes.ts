import path from 'node:path';
import { invalidArgument } from '../common/errors';
import type { ContainerDefaults } from './config';

type Change = (defaults: ContainerDefaults, argument: string) => ContainerDefaults;

/** The instructions of a Dockerfile that `import`, and `commit`, take. */
const CHANGES: Record<string, Change | undefined> = {
  CMD: (defaults, text) => ({ ...defaults, Cmd: command(text) }),
  // As in a build: an entrypoint makes the command of the image before it void.
  ENTRYPOINT: (defaults, text) => ({ ...defaults, Entrypoint: command(text), Cmd: undefined }),
  ENV: (defaults, text) => ({ ...defaults, Env: mergedEnv(defaults.Env ?? [], pairs(text, 'ENV')) }),
  EXPOSE: (defaults, text) => ({
    ...defaults,
    ExposedPorts: { ...defaults.ExposedPorts, ...keys(words(text).map(port)) },
  }),
  LABEL: (defaults, text) => ({
    ...defaults,
    Labels: { ...defaults.Labels, ...Object.fromEntries(pairs(text, 'LABEL')) },
  }),
  ONBUILD: (defaults, text) => ({ ...defaults, OnBuild: [...(defaults.OnBuild ?? []), trigger(text)] }),
  STOPSIGNAL: (defaults, text) => ({ ...defaults, StopSignal: text }),
  USER: (defaults, text) => ({ ...defaults, User: text }),
  VOLUME: (defaults, text) => ({
    ...defaults,
    Volumes: { ...defaults.Volumes, ...keys(list(text) ?? words(text)) },
  }),
  WORKDIR: (defaults, text) => ({
    ...defaults,
    WorkingDir: path.posix.resolve('/', defaults.WorkingDir ?? '', text),
  }),
};

/**
 * Apply Dockerfile instructions to an image's defaults: `ENV a=b`, `CMD ["sh"]`.
 *
 * @throws SkiffError INVALID_ARGUMENT in Docker's words
 */
export function applyChanges(defaults: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  return changes.reduce((before, change) => {
    const [, word = '', argument = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(change) ?? [];
    const instruction = word.toUpperCase();
    const apply = CHANGES[instruction];
    if (apply === undefined) {
      throw invalidArgument(
        `invalid change: ${change}: ${word || 'an empty text'} is not a valid change command`,
        {
          remedy: `Known are ${Object.keys(CHANGES).join(', ')}.`,
        },
      );
    }
    if (argument === '')
      throw invalidArgument(`invalid change: ${change}: ${instruction} requires an argument`);
    return apply(before, argument);
  }, defaults);
}

/** The exec form is a JSON list; anything else is a line for the shell. */
function command(text: string): string[] {
  return list(text) ?? ['/bin/sh', '-c', text];
}

function list(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined;
  } catch {
    // As Docker does: what is no JSON is for the shell.
    return undefined;
  }
}

/** `a=b c="d e"`, or `a the rest`, of which Docker still takes one. */
function pairs(text: string, instruction: string): [string, string][] {
  const [first = ''] = words(text);
  if (!first.includes('=')) {
    const [, name, value] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw invalidArgument(`invalid change: ${instruction} must have two arguments`);
    return [[name, value!]];
  }
  return words(text).map(word => {
    const equals = word.indexOf('=');
    if (equals < 1) {
      throw invalidArgument(
        `invalid change: Syntax error - can't find = in "${word}". Must be of the form: name=value`,
      );
    }
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Words between blanks, with quotes and backslashes as a Dockerfile has them. */
function words(text: string): string[] {
  const found = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/gs) ?? [];
  return found.map(word =>
    word.replace(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
      (_, double?: string, single?: string, one?: string) =>
        double === undefined ? (single ?? one ?? '') : double.replace(/\\(.)/gs, '$1'),
    ),
  );
}

function mergedEnv(env: readonly string[], added: [string, string][]): string[] {
  const variables = new Map(env.map(entry => [entry.split('=', 1)[0]!, entry]));
  for (const [name, value] of added) variables.set(name, `${name}=${value}`);
  return [...variables.values()];
}

/** What builds on the image run; kept as it is written. */
function trigger(text: string): string {
  const instruction = (/^\S+/.exec(text)?.[0] ?? '').toUpperCase();
  if (instruction === 'ONBUILD')
    throw invalidArgument("invalid change: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (['FROM', 'MAINTAINER'].includes(instruction))
    throw invalidArgument(`invalid change: ${instruction} isn't allowed as an ONBUILD trigger`);
  return text;
}

function keys(names: string[]): Record<string, object> {
  return Object.fromEntries(names.map(name => [name, {}]));
}

function port(text: string): string {
  if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/.test(text))
    throw invalidArgument(`invalid change: invalid containerPort: ${text}`);
  return text.includes('/') ? text : `${text}/tcp`;
}
