import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { text, value } from '../cli/flags';
import { parseInteger } from '../cli/values';

export default defineCommand({
  name: 'restart',
  summary: 'Stop and start containers',
  usage: 'restart [FLAGS] CONTAINER [CONTAINER...]',
  examples: [{ description: 'With a last word of three seconds:', command: 'skiff restart -t 3 web' }],
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
    forEachContainer(
      'restart',
      words,
      flags.root,
      async (skiff, reference) => {
        const container = await skiff.get(reference);
        await container.restart({ signal: flags.signal, timeout: flags.time });
      },
      { starts: true },
    ),
});
