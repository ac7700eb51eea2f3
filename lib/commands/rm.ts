import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { toggle } from '../cli/flags';

export default defineCommand({
  name: 'rm',
  summary: 'Remove containers',
  usage: 'rm [FLAGS] CONTAINER [CONTAINER...]',
  description: 'A container is told by its name, its id, or the beginning of its id.',
  examples: [
    {
      description: 'Keep a container, look at what it changed, remove it:',
      command: 'skiff run --keep --name tried sh -c "echo hi > /hi" && skiff rm tried',
    },
  ],
  flags: {
    force: toggle({ char: 'f', summary: 'Kill what runs' }),
    volumes: toggle({ char: 'v', summary: 'Volumes without a name, too' }),
  },
  run: ({ flags, words }) =>
    forEachContainer('rm', words, flags.root, async (skiff, reference) => {
      await skiff.remove(reference, { force: flags.force, volumes: flags.volumes });
    }),
});
