import { defineCommand } from '../cli/command';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'rename',
  summary: 'Give a container another name',
  usage: 'rename CONTAINER NAME',
  examples: [{ description: 'Make room for the next one:', command: 'skiff rename web web-old' }],
  flags: {},
  async run({ flags, words }) {
    const [reference, name, ...rest] = words;
    if (reference === undefined || name === undefined || rest.length > 0) {
      throw usageError('"skiff rename" requires exactly 2 arguments.', 'rename');
    }
    const skiff = await Skiff.open({ root: flags.root, idle: true });
    try {
      const container = await skiff.get(reference);
      await container.rename(name);
      return 0;
    } finally {
      await skiff.close();
    }
  },
});
