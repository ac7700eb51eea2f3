import { defineCommand } from '../cli/command';
import { toggle } from '../cli/flags';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { reportError } from '../cli/report';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'rm',
  summary: 'Remove containers that were kept',
  usage: 'rm [FLAGS] CONTAINER [CONTAINER...]',
  description: 'A container is told by its name, its id, or the beginning of its id.',
  examples: [
    {
      description: 'Keep a container, look at what it changed, remove it:',
      command: 'skiff run --keep --name tried sh -c "echo hi > /hi" && skiff rm tried',
    },
  ],
  flags: { volumes: toggle({ char: 'v', summary: 'Its volumes without a name, too' }) },
  async run({ flags, words }) {
    if (words.length === 0) throw usageError('"skiff rm" requires at least 1 argument.', 'rm');
    const skiff = await Skiff.open({ root: flags.root });
    let code = 0;
    try {
      for (const word of words) {
        try {
          await skiff.remove(word, flags);
          writeOut(`${word}\n`);
        } catch (error) {
          // As docker does: the others are removed all the same, and the exit code tells.
          code = reportError(error);
        }
      }
    } finally {
      await skiff.close();
    }
    return code;
  },
});
