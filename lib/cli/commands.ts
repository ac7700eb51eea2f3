import type { Command } from './command';

export interface CommandEntry {
  summary: string;
  load(): Promise<{ default: Command }>;
}

/* The one place that looks up to the floor above: a name becomes a file, loaded only when it is called. */
/* eslint-disable import/no-restricted-paths */

/** Every command by its name; a name of two words, `volume ls`, belongs to the topic before the blank. */
export function commandTable(): Map<string, CommandEntry> {
  return new Map([
    ['run', { summary: 'Run a command in a new container', load: () => import('../commands/run') }],
    [
      'commit',
      { summary: "Make an image of a container's changes", load: () => import('../commands/commit') },
    ],
    ['cp', { summary: 'Copy files between a container and the host', load: () => import('../commands/cp') }],
    [
      'diff',
      {
        summary: "Show what a container changed in its image's files",
        load: () => import('../commands/diff'),
      },
    ],
    [
      'export',
      {
        summary: "Export a container's file system as a tar archive",
        load: () => import('../commands/export'),
      },
    ],
    ['rm', { summary: 'Remove containers that were kept', load: () => import('../commands/rm') }],
    [
      'doctor',
      {
        summary: 'Tell what this machine can do, and what is missing',
        load: () => import('../commands/doctor'),
      },
    ],
    ['images', { summary: 'List images', load: () => import('../commands/images') }],
    [
      'import',
      {
        summary: 'Make an image of the tar of a root file system',
        load: () => import('../commands/import'),
      },
    ],
    ['load', { summary: 'Load images from an archive', load: () => import('../commands/load') }],
    ['save', { summary: 'Write images into an archive', load: () => import('../commands/save') }],
    ['rmi', { summary: 'Remove images', load: () => import('../commands/rmi') }],
    ['history', { summary: 'Show how an image came to be', load: () => import('../commands/history') }],
    [
      'image inspect',
      { summary: 'Tell all that is known of images', load: () => import('../commands/image-inspect') },
    ],
    [
      'image prune',
      { summary: 'Remove images without a name', load: () => import('../commands/image-prune') },
    ],
    ['image ls', { summary: 'List images', load: () => import('../commands/images') }],
    [
      'image import',
      { summary: 'Make an image of the tar of a root file system', load: () => import('../commands/import') },
    ],
    ['image load', { summary: 'Load images from an archive', load: () => import('../commands/load') }],
    ['image save', { summary: 'Write images into an archive', load: () => import('../commands/save') }],
    ['image rm', { summary: 'Remove images', load: () => import('../commands/rmi') }],
    ['image tag', { summary: 'Give an image one more name', load: () => import('../commands/tag') }],
    ['image history', { summary: 'Show how an image came to be', load: () => import('../commands/history') }],
    ['tag', { summary: 'Give an image one more name', load: () => import('../commands/tag') }],
    ['bench', { summary: 'Measure how fast containers start here', load: () => import('../commands/bench') }],
  ]);
}
/* eslint-enable import/no-restricted-paths */

/** The commands of a topic: those whose name has it before its blank. */
export function commandsOf(topic: string, commands: ReadonlyMap<string, CommandEntry>): string[] {
  return [...commands.keys()].filter(name => name.startsWith(`${topic} `));
}
