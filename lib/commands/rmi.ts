import { defineCommand } from '../cli/command';
import { toggle } from '../cli/flags';
import { writeOut } from '../cli/output';
import { reportErrors } from '../cli/report-all';
import { atLeastOne } from '../cli/values';
import { withSkiff } from '../cli/with-skiff';

export default defineCommand({
  name: 'rmi',
  summary: 'Remove images',
  usage: 'rmi [FLAGS] IMAGE [IMAGE...]',
  description: 'A name of several is taken off; with its last name, or by its id, the image goes.',
  examples: [{ description: 'By name:', command: 'skiff rmi mine:1' }],
  flags: {
    force: toggle({ char: 'f', summary: 'Also where it has several names, or a stopped container uses it' }),
  },
  async run({ flags, words }) {
    atLeastOne(words, 'rmi');
    return withSkiff(flags, async skiff => {
      const errors: unknown[] = [];
      for (const word of words) {
        try {
          const { untagged, deleted } = await skiff.images.remove(word, { force: flags.force });
          writeOut(untagged.map(name => `Untagged: ${name}\n`).join(''));
          writeOut(deleted.map(digest => `Deleted: ${digest}\n`).join(''));
        } catch (error) {
          // As docker does: the others are removed all the same, and the exit code tells.
          errors.push(error);
        }
      }
      return reportErrors(errors);
    });
  },
});
