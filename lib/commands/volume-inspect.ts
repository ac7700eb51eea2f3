import { defineCommand } from '../cli/command';
import { text } from '../cli/flags';
import { inspectAll } from '../cli/inspection';
import { volumeInspector } from '../cli/inspectors';
import { writeOut } from '../cli/output';
import { reportErrors } from '../cli/report-all';
import { atLeastOne } from '../cli/values';

export default defineCommand({
  name: 'volume inspect',
  summary: 'Tell all that is known of volumes',
  usage: 'volume inspect [FLAGS] VOLUME [VOLUME...]',
  examples: [
    { description: 'All of a volume:', command: 'skiff volume inspect data' },
    { description: 'Where it is on the host:', command: "skiff volume inspect -f '{{.Mountpoint}}' data" },
  ],
  flags: {
    format: text({
      char: 'f',
      helpValue: '<format>',
      summary: "'json', or a template such as '{{.Mountpoint}}'",
    }),
  },
  async run({ flags, words }) {
    atLeastOne(words, 'volume inspect');
    const { text: told, errors } = await inspectAll(words, [volumeInspector(flags)], flags.format);
    writeOut(told);
    return reportErrors(errors);
  },
});
