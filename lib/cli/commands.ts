import type { CommandEntry, CommandTable } from './command';

/* The one place that looks up to the floor above: a name becomes a file, loaded only when it is called. */
/* eslint-disable import/no-restricted-paths */

/** Every command by its name; a name of two words, `volume ls`, belongs to the topic before the blank. */
export function commandTable(): Map<string, CommandEntry> {
  return new Map<string, CommandEntry>([
    ['run', { summary: 'Run a command in a new container', load: () => import('../commands/run') }],
    ['logs', { summary: 'Show what a detached container wrote', load: () => import('../commands/logs') }],
    [
      'events',
      {
        summary: 'Show what happens to containers, images and volumes',
        load: () => import('../commands/events'),
      },
    ],
    ['exec', { summary: 'Run a command in a running container', load: () => import('../commands/exec') }],
    ['create', { summary: 'Make a container without starting it', load: () => import('../commands/create') }],
    ['start', { summary: 'Start containers that do not run', load: () => import('../commands/start') }],
    ['stop', { summary: 'Stop containers', load: () => import('../commands/stop') }],
    ['restart', { summary: 'Stop and start containers', load: () => import('../commands/restart') }],
    ['kill', { summary: 'Send a signal to containers', load: () => import('../commands/kill') }],
    [
      'wait',
      {
        summary: "Wait for containers' end and print their exit codes",
        load: () => import('../commands/wait'),
      },
    ],
    [
      'attach',
      { summary: 'Connect this terminal with a container', load: () => import('../commands/attach') },
    ],
    ['pause', { summary: 'Freeze all processes of containers', load: () => import('../commands/pause') }],
    ['unpause', { summary: 'Let frozen containers go on', load: () => import('../commands/unpause') }],
    ['rename', { summary: 'Give a container another name', load: () => import('../commands/rename') }],
    ['update', { summary: "Change containers' limits", load: () => import('../commands/update') }],
    ['rm', { summary: 'Remove containers', load: () => import('../commands/rm') }],
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
    [
      'inspect',
      {
        summary: 'Tell all that is known of containers, images and volumes',
        load: () => import('../commands/inspect'),
      },
    ],
    ['ps', { summary: 'List containers', load: () => import('../commands/ps') }],
    ['container ls', { summary: 'List containers', load: () => import('../commands/ps') }],
    ['container list', { summary: 'List containers', load: () => import('../commands/ps') }],
    ['stats', { summary: 'Show what containers use', load: () => import('../commands/stats') }],
    ['top', { summary: "List a container's processes", load: () => import('../commands/top') }],
    [
      'container commit',
      { summary: "Make an image of a container's changes", load: () => import('../commands/commit') },
    ],
    [
      'container cp',
      { summary: 'Copy files between a container and the host', load: () => import('../commands/cp') },
    ],
    [
      'container diff',
      {
        summary: "Show what a container changed in its image's files",
        load: () => import('../commands/diff'),
      },
    ],
    [
      'container export',
      {
        summary: "Export a container's file system as a tar archive",
        load: () => import('../commands/export'),
      },
    ],
    [
      'container prune',
      {
        summary: 'Remove all containers that do not run',
        load: () => import('../commands/container-prune'),
      },
    ],
    [
      'system df',
      { summary: 'Show how much of the disk is used', load: () => import('../commands/system-df') },
    ],
    [
      'system prune',
      { summary: 'Remove what is not in use', load: () => import('../commands/system-prune') },
    ],
    [
      'info',
      { summary: 'Tell about this machine and what is on it', load: () => import('../commands/info') },
    ],
    [
      'version',
      {
        summary: 'Show the versions of skiff and of what it runs on',
        load: () => import('../commands/version'),
      },
    ],
    ['volume create', { summary: 'Make a volume', load: () => import('../commands/volume-create') }],
    [
      'volume inspect',
      { summary: 'Tell all that is known of volumes', load: () => import('../commands/volume-inspect') },
    ],
    ['volume ls', { summary: 'List volumes', load: () => import('../commands/volume-ls') }],
    ['volume list', { summary: 'List volumes', load: () => import('../commands/volume-ls') }],
    [
      'volume prune',
      { summary: 'Remove volumes that no container has', load: () => import('../commands/volume-prune') },
    ],
    [
      'volume rm',
      { summary: 'Remove volumes with what they hold', load: () => import('../commands/volume-rm') },
    ],
    [
      'volume remove',
      { summary: 'Remove volumes with what they hold', load: () => import('../commands/volume-rm') },
    ],
    [
      'doctor',
      {
        summary: 'Tell what this machine can do, and what is missing',
        load: () => import('../commands/doctor'),
      },
    ],
    [
      'completion',
      { summary: 'Print the completion script of a shell', load: () => import('../commands/completion') },
    ],
    [
      '__complete',
      { summary: 'Answer a completion script', hidden: true, load: () => import('../commands/complete') },
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
    [
      'unshare',
      {
        summary: "Run a program of the host's as root of your user namespace",
        load: () => import('../commands/unshare'),
      },
    ],
    ['bench', { summary: 'Measure how fast containers start here', load: () => import('../commands/bench') }],
  ]);
}
/* eslint-enable import/no-restricted-paths */

/** The commands of a topic: those whose name has it before its blank. */
export function commandsOf(topic: string, commands: CommandTable): string[] {
  return [...commands.keys()].filter(name => name.startsWith(`${topic} `));
}
