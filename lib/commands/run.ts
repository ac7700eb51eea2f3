import { defineCommand } from '../cli/command';
import { runFlags } from '../cli/run-flags';
import { runInBackground, runInForeground } from '../cli/run-modes';

export default defineCommand({
  name: 'run',
  summary: 'Run a command in a new container',
  usage: 'run [FLAGS] [IMAGE] COMMAND [ARG...]',
  description: `All that follows the first word belongs to the command, dashes included. Without an image, busybox is run.

The exit code is the command's own: 128+n where signal n ended it, 127 where it was not found, 126 where it can not be run, 125 where skiff itself failed.`,
  examples: [
    { description: 'A shell:', command: 'skiff run -ti sh' },
    { description: 'Data through a command:', command: 'echo hello | skiff run -i tr a-z A-Z' },
    {
      description: 'Untrusted code within limits:',
      command: "skiff run -m 64m --cpus 0.5 --pids-limit 20 --timeout 10s sh -c 'echo $((6 * 7))'",
    },
    { description: 'A program of the host, which stays unchanged:', command: 'skiff run --rootfs / node -v' },
    { description: 'In the background:', command: 'skiff run -d --name bird busybox top' },
  ],
  flags: runFlags,
  interspersed: false,
  run: ({ flags, words }) => (flags.detach ? runInBackground : runInForeground)(flags, words),
});
