import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { stopFlags } from '../cli/stop-flags';

export default defineCommand({
  name: 'stop',
  summary: 'Stop containers',
  usage: 'stop [FLAGS] CONTAINER [CONTAINER...]',
  description: `Sends the container's stop signal, and kills it where it has not ended in time.`,
  examples: [{ description: 'Give it a minute:', command: 'skiff stop -t 60 db' }],
  flags: stopFlags,
  run: ({ flags, words }) =>
    forEachContainer('stop', words, flags.root, async (skiff, reference) => {
      const container = await skiff.get(reference);
      await container.stop({ signal: flags.signal, timeout: flags.time });
    }),
});
