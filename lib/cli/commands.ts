import type { CommandEntry, CommandTable } from './command';

/** One command: its names, the own one first; what help says of it; its file. */
type Row = readonly [names: string | readonly string[], summary: string, load: CommandEntry['load']];

/* The one place that looks up to the floor above: a name becomes a file, loaded only when it is called. */
/* eslint-disable import/no-restricted-paths */

/** Commands as help lists them. A name of two words, `volume ls`, belongs to the topic before the blank. */
const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  containers: [
    ['run', 'Run a command in a new container', () => import('../commands/run')],
    ['create', 'Make a container without starting it', () => import('../commands/create')],
    ['start', 'Start containers that do not run', () => import('../commands/start')],
    ['stop', 'Stop containers', () => import('../commands/stop')],
    ['restart', 'Stop and start containers', () => import('../commands/restart')],
    ['kill', 'Send a signal to containers', () => import('../commands/kill')],
    ['pause', 'Freeze all processes of containers', () => import('../commands/pause')],
    ['unpause', 'Let frozen containers go on', () => import('../commands/unpause')],
    ['wait', "Wait for containers' end and print their exit codes", () => import('../commands/wait')],
    ['attach', 'Connect this terminal with a container', () => import('../commands/attach')],
    ['exec', 'Run a command in a running container', () => import('../commands/exec')],
    ['rename', 'Give a container another name', () => import('../commands/rename')],
    ['update', "Change containers' limits", () => import('../commands/update')],
    ['rm', 'Remove containers', () => import('../commands/rm')],
    ['container prune', 'Remove all containers that do not run', () => import('../commands/container-prune')],
  ],
  looking: [
    [['ps', 'container ls', 'container list'], 'List containers', () => import('../commands/ps')],
    [
      'inspect',
      'Tell all that is known of containers, images and volumes',
      () => import('../commands/inspect'),
    ],
    ['logs', 'Show what a detached container wrote', () => import('../commands/logs')],
    ['top', "List a container's processes", () => import('../commands/top')],
    ['stats', 'Show what containers use', () => import('../commands/stats')],
    ['events', 'Show what happens to containers, images and volumes', () => import('../commands/events')],
  ],
  files: [
    [['cp', 'container cp'], 'Copy files between a container and the host', () => import('../commands/cp')],
    [
      ['diff', 'container diff'],
      "Show what a container changed in its image's files",
      () => import('../commands/diff'),
    ],
    [
      ['export', 'container export'],
      "Export a container's file system as a tar archive",
      () => import('../commands/export'),
    ],
    [
      ['commit', 'container commit'],
      "Make an image of a container's changes",
      () => import('../commands/commit'),
    ],
  ],
  images: [
    [['images', 'image ls'], 'List images', () => import('../commands/images')],
    [
      ['import', 'image import'],
      'Make an image of the tar of a root file system',
      () => import('../commands/import'),
    ],
    [['load', 'image load'], 'Load images from an archive', () => import('../commands/load')],
    [['save', 'image save'], 'Write images into an archive', () => import('../commands/save')],
    [['tag', 'image tag'], 'Give an image one more name', () => import('../commands/tag')],
    [['rmi', 'image rm'], 'Remove images', () => import('../commands/rmi')],
    [['history', 'image history'], 'Show how an image came to be', () => import('../commands/history')],
    ['image inspect', 'Tell all that is known of images', () => import('../commands/image-inspect')],
    ['image prune', 'Remove images without a name', () => import('../commands/image-prune')],
  ],
  volumes: [
    ['volume create', 'Make a volume', () => import('../commands/volume-create')],
    [['volume ls', 'volume list'], 'List volumes', () => import('../commands/volume-ls')],
    ['volume inspect', 'Tell all that is known of volumes', () => import('../commands/volume-inspect')],
    [
      ['volume rm', 'volume remove'],
      'Remove volumes with what they hold',
      () => import('../commands/volume-rm'),
    ],
    ['volume prune', 'Remove volumes that no container has', () => import('../commands/volume-prune')],
  ],
  'the rest': [
    ['system df', 'Show how much of the disk is used', () => import('../commands/system-df')],
    ['system prune', 'Remove what is not in use', () => import('../commands/system-prune')],
    ['info', 'Tell about this machine and what is on it', () => import('../commands/info')],
    ['version', 'Show the versions of skiff and of what it runs on', () => import('../commands/version')],
    ['doctor', 'Tell what this machine can do, and what is missing', () => import('../commands/doctor')],
    ['bench', 'Measure how fast containers start here', () => import('../commands/bench')],
    ['completion', 'Print the completion script of a shell', () => import('../commands/completion')],
    [
      'unshare',
      "Run a program of the host's as root of your user namespace",
      () => import('../commands/unshare'),
    ],
  ],
};

/** For programs. */
const HIDDEN: readonly Row[] = [
  ['__complete', 'Answer a completion script', () => import('../commands/complete')],
];
/* eslint-enable import/no-restricted-paths */

/** Every command by each of its names. */
export function commandTable(): Map<string, CommandEntry> {
  const table = new Map<string, CommandEntry>();
  const add = ([names, summary, load]: Row, more: Pick<CommandEntry, 'group' | 'hidden'>) => {
    const [own, ...others] = [names].flat();
    table.set(own!, { summary, load, ...more });
    for (const name of others) table.set(name, { summary, load, aliasOf: own! });
  };
  for (const [group, rows] of Object.entries(GROUPS)) rows.forEach(row => add(row, { group }));
  HIDDEN.forEach(row => add(row, { hidden: true }));
  return table;
}

/** The commands of a topic: those whose name has it before its blank. */
export function commandsOf(topic: string, commands: CommandTable): string[] {
  return [...commands.keys()].filter(name => name.startsWith(`${topic} `));
}
