import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { stopFlags } from '../cli/stop-flags';

export default defineCommand({
  name: 'restart',
  summary: 'Stop and start containers',
  usage: 'restart [FLAGS] CONTAINER [CONTAINER...]',
  examples: [{ description: 'With a last word of three seconds:', command: 'skiff restart -t 3 web' }],
  flags: stopFlags,
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
