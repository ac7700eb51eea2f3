import { defineCommand } from '../cli/command';
import { logFlags } from '../cli/log-flags';
import { writeBytes } from '../cli/output';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'logs',
  summary: 'Show what a detached container wrote',
  usage: 'logs [FLAGS] CONTAINER',
  description:
    'What the command wrote to its standard output and error goes to those of skiff. A time is one of RFC 3339, a date, seconds since 1970, or a duration before now.',
  examples: [
    { description: 'The last ten lines, and then what comes:', command: 'skiff logs -f -n 10 bird' },
    { description: 'The last hour, with times:', command: 'skiff logs -t --since 1h bird' },
  ],
  flags: logFlags,
  async run({ flags, words }) {
    const [reference, ...rest] = words;
    if (reference === undefined || rest.length > 0) {
      throw usageError('"skiff logs" requires exactly 1 argument.', 'logs');
    }
    const skiff = await Skiff.open({ root: flags.root });
    try {
      for await (const parts of skiff.logText(reference, flags)) {
        // Nobody reads on: head(1) has seen enough.
        if (!parts.every(({ stream, data }) => writeBytes(stream, data))) break;
      }
    } finally {
      await skiff.close();
    }
    return 0;
  },
});
