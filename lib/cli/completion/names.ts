import os from 'node:os';
import { namesOf } from '../../engine/looking';
import type { ArgumentKind } from './arguments';
import type { Candidate } from './complete';

/** Which states a command has something to do with; others take any. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  attach: ['running', 'paused', 'restarting'],
  exec: ['running'],
  kill: ['running', 'paused', 'restarting'],
  pause: ['running'],
  start: ['created', 'exited'],
  stats: ['running', 'paused'],
  stop: ['running', 'paused', 'restarting'],
  top: ['running', 'paused'],
  unpause: ['paused'],
  wait: ['running', 'paused', 'restarting'],
};

/**
 * What there is of a kind. Nobody wants an error in the middle of his line: of what cannot be read there is nothing.
 *
 * @param command a container's state has to suit it
 */
export async function candidatesOf(
  kind: ArgumentKind,
  command: string,
  root: string | undefined,
): Promise<Candidate[]> {
  switch (kind) {
    case 'container':
      return containers(command, root);
    case 'image':
      return (
        await namesOf({ root })
          .images()
          .catch(() => [])
      ).flatMap(imageCandidates);
    case 'volume':
      return (
        await namesOf({ root })
          .volumes()
          .catch(() => [])
      ).map(text => ({ text }));
    case 'object': {
      const kinds = ['container', 'image', 'volume'] as const;
      return (await Promise.all(kinds.map(one => candidatesOf(one, command, root)))).flat();
    }
    case 'signal':
      return Object.keys(os.constants.signals).map(text => ({ text }));
    case 'file':
    case 'none':
      return [];
  }
}

/** Hardly anybody types `latest`. */
function imageCandidates(name: string): Candidate[] {
  if (!name.endsWith(':latest')) return [{ text: name }];
  return [{ text: name.slice(0, -':latest'.length) }, { text: name, late: true }];
}

/** Names, and ids for those who type them; a name comes first. */
async function containers(command: string, root: string | undefined): Promise<Candidate[]> {
  const all = await namesOf({ root })
    .containers()
    .catch(() => []);
  const fitting = all.filter(({ status }) => STATES[command]?.includes(status) ?? true);
  return [
    ...fitting.map(({ name, image, status }) => ({ text: name, description: `${image}, ${status}` })),
    ...fitting.map(({ id, name }) => ({ text: id.slice(0, 12), description: name, late: true })),
  ];
}
