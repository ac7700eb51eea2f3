import { claimCidFile } from '../cli/cidfile';
import { defineCommand } from '../cli/command';
import { writeErr } from '../cli/output';
import { formatEnd } from '../cli/report';
import { runFlags } from '../cli/run-flags';
import { splitImage, toStartOptions } from '../cli/run-options';
import { withRawBytes } from '../cli/raw-bytes';
import { foreground } from '../cli/session';
import { Skiff } from '../engine';

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
  ],
  flags: runFlags,
  async run({ flags, words }) {
    const options = toStartOptions(flags, process.env);
    const skiff = await Skiff.open({ root: flags.root, storageDriver: flags['storage-driver'] });
    try {
      const { command, image } = await splitImage(words, options, name => skiff.hasImage(name));
      const noteId = claimCidFile(flags.cidfile);
      const result = await foreground(
        streams =>
          skiff
            .start(withRawBytes(command), { ...options, ...streams, ...(image && { image }) })
            .catch((error: unknown) => {
              noteId();
              throw error;
            }),
        { interactive: flags.interactive, terminal: flags.tty },
        container => noteId(container.id),
      );
      writeErr(formatEnd(result, flags));
      return result.exitCode;
    } finally {
      await skiff.close();
    }
  },
});
