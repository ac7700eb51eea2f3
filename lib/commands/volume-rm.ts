import { defineCommand } from '../cli/command';
import { toggle } from '../cli/flags';
import { writeOut } from '../cli/output';
import { reportError } from '../cli/report';
import { atLeastOne } from '../cli/values';
import { Volumes } from '../engine/looking';

export default defineCommand({
  name: 'volume rm',
  summary: 'Remove volumes with what they hold',
  usage: 'volume rm [FLAGS] VOLUME [VOLUME...]',
  description: 'A volume that a container has, running or not, is not removed.',
  examples: [{ description: 'Two volumes:', command: 'skiff volume rm data cache' }],
  flags: { force: toggle({ char: 'f', summary: 'One that is not there is no error' }) },
  async run({ flags, words }) {
    atLeastOne(words, 'volume rm');
    const volumes = new Volumes(flags);
    let code = 0;
    for (const word of words) {
      try {
        await volumes.remove(word, flags);
        writeOut(`${word}\n`);
      } catch (error) {
        // As docker does: the others are removed all the same, and the exit code tells.
        code = reportError(error);
      }
    }
    return code;
  },
});
