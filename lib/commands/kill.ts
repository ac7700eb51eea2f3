import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { text } from '../cli/flags';

export default defineCommand({
  name: 'kill',
  summary: 'Send a signal to containers',
  usage: 'kill [FLAGS] CONTAINER [CONTAINER...]',
  description: 'The first process of the container gets it; SIGKILL ends all of it.',
  examples: [{ description: 'Read the configuration again:', command: 'skiff kill -s HUP web' }],
  flags: {
    signal: text({ char: 's', helpValue: '<signal>', summary: 'Name or number; KILL where not given' }),
  },
  run: ({ flags, words }) =>
    forEachContainer('kill', words, flags.root, async (skiff, reference) => {
      const container = await skiff.get(reference);
      await container.kill(flags.signal);
    }),
});
