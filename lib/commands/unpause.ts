import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';

export default defineCommand({
  name: 'unpause',
  summary: 'Let frozen containers go on',
  usage: 'unpause CONTAINER [CONTAINER...]',
  examples: [
    { description: 'Hold a container, and let it go:', command: 'skiff pause job && skiff unpause job' },
  ],
  flags: {},
  run: ({ flags, words }) =>
    forEachContainer('unpause', words, flags.root, async (skiff, reference) => {
      const container = await skiff.get(reference);
      await container.unpause();
    }),
});
