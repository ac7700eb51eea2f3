import { defineCommand } from '../cli/command';
import { eventFlags, toEventFilters } from '../cli/event-flags';
import { eventPrinter } from '../cli/event-format';
import { writeBytes } from '../cli/output';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'events',
  summary: 'Show what happens to containers, images and volumes',
  usage: 'events [FLAGS]',
  description:
    'It goes on until it is interrupted, or until the time of --until. A time is one of RFC 3339, a date, seconds since 1970, or a duration before now.',
  examples: [
    {
      description: 'Containers that end:',
      command: 'skiff events --filter type=container --filter event=die',
    },
    {
      description: 'All of the last hour, for a program:',
      command: 'skiff events --since 1h --until 0s --format json',
    },
    {
      description: 'What ends, and how:',
      command:
        "skiff events -f event=die --format '{{.Actor.Attributes.name}}: {{.Actor.Attributes.exitCode}}'",
    },
  ],
  flags: eventFlags,
  async run({ flags, words }) {
    if (words.length > 0) throw usageError('"skiff events" accepts no arguments.', 'events');
    const { since, until } = flags;
    const print = eventPrinter(flags.format);
    const filters = toEventFilters(flags.filter);
    const skiff = await Skiff.open({ root: flags.root });
    try {
      for await (const event of skiff.events({ since, until, filters })) {
        if (!writeBytes('stdout', Buffer.from(`${print(event)}\n`))) break;
      }
    } finally {
      await skiff.close();
    }
    return 0;
  },
});
