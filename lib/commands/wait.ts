import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';

/** Docker's, of a container that is gone before its end was seen. */
const UNSEEN = 0;

export default defineCommand({
  name: 'wait',
  summary: "Wait for containers' end and print their exit codes",
  usage: 'wait CONTAINER [CONTAINER...]',
  examples: [
    {
      description: 'A job in the background:',
      command: "skiff run -d --name job sh -c 'exit 3' && skiff wait job",
    },
  ],
  flags: {},
  run: ({ flags, words }) =>
    forEachContainer('wait', words, flags.root, async (skiff, reference) => {
      const container = await skiff.get(reference);
      return (await container.wait()) ?? UNSEEN;
    }),
});
