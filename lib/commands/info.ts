import { formatInfo } from '../cli/about';
import { defineCommand } from '../cli/command';
import { text } from '../cli/flags';
import { writeOut } from '../cli/output';
import { noArguments } from '../cli/values';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'info',
  summary: 'Tell about this machine and what is on it',
  usage: 'info [--format FORMAT]',
  examples: [{ description: 'The storage driver:', command: "skiff info --format '{{.Driver}}'" }],
  flags: {
    format: text({
      char: 'f',
      helpValue: '<format>',
      summary: "'json', or a template such as '{{.Driver}}'",
    }),
  },
  async run({ flags, words }) {
    noArguments(words, 'info');
    const skiff = await Skiff.open({ root: flags.root });
    try {
      writeOut(formatInfo(await skiff.info(), flags.format));
      return 0;
    } finally {
      await skiff.close();
    }
  },
});
