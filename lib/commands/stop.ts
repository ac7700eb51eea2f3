import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { text, value } from '../cli/flags';
import { parseInteger } from '../cli/values';

export default defineCommand({
  name: 'stop',
  summary: 'Stop containers',
  usage: 'stop [FLAGS] CONTAINER [CONTAINER...]',
  description: `Sends the container's stop signal, and kills it where it has not ended in time.`,
  examples: [{ description: 'Give it a minute:', command: 'skiff stop -t 60 db' }],
  flags: {
    signal: text({
      char: 's',
      helpValue: '<signal>',
      summary: "What is sent; the container's own where not given",
    }),
    time: value(parseInteger, {
      char: 't',
      aliases: ['timeout'],
      helpValue: '<seconds>',
      summary: 'Until it is killed; 10, -1 is never',
    }),
  },
  run: ({ flags, words }) =>
    forEachContainer('stop', words, flags.root, async (skiff, reference) => {
      const container = await skiff.get(reference);
      await container.stop({ signal: flags.signal, timeout: flags.time });
    }),
});
