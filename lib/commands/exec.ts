import { defineCommand } from '../cli/command';
import { execFlags, toExecOptions } from '../cli/exec-flags';
import { usageError } from '../cli/parse';
import { withRawBytes } from '../cli/raw-bytes';
import { foreground } from '../cli/session';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'exec',
  summary: 'Run a command in a running container',
  usage: 'exec [FLAGS] CONTAINER COMMAND [ARG...]',
  description: `The command gets what the container's own has: its namespaces, limits, capabilities, environment, user and working directory. It ends with the container, and with this skiff unless it is detached.

The exit code is the command's own, as for run; 0 where it is detached and was started; 1 where there is no such container, or it is not running.`,
  examples: [
    { description: 'A shell in a container:', command: 'skiff exec -ti bird sh' },
    { description: 'A look as another user:', command: 'skiff exec -u 1000 -w /tmp bird id' },
    { description: 'Something on the side:', command: 'skiff exec -d bird touch /tmp/here' },
  ],
  flags: execFlags,
  interspersed: false,
  async run({ flags, words }) {
    const [container, ...command] = words;
    if (container === undefined || command.length === 0) {
      throw usageError('"skiff exec" requires at least 2 arguments.', 'exec');
    }
    const options = toExecOptions(flags, process.env);
    const skiff = await Skiff.open({ root: flags.root });
    try {
      if (flags.detach) {
        await skiff.execDetached(container, withRawBytes(command), options);
        return 0;
      }
      const { exitCode } = await foreground(
        streams => skiff.exec(container, withRawBytes(command), { ...options, ...streams }),
        { interactive: flags.interactive, terminal: flags.tty },
      );
      return exitCode;
    } finally {
      await skiff.close();
    }
  },
});
