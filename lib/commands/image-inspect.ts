import { defineCommand } from '../cli/command';
import { text } from '../cli/flags';
import { imageInspector } from '../cli/image-inspector';
import { inspectAll } from '../cli/inspection';
import { writeOut } from '../cli/output';
import { reportErrors } from '../cli/report-all';
import { atLeastOne } from '../cli/values';

export default defineCommand({
  name: 'image inspect',
  summary: 'Tell all that is known of images',
  usage: 'image inspect [FLAGS] IMAGE [IMAGE...]',
  examples: [
    { description: 'As JSON:', command: 'skiff image inspect busybox' },
    { description: 'One field:', command: "skiff image inspect -f '{{.Config.Cmd}}' busybox" },
  ],
  flags: {
    format: text({ char: 'f', helpValue: '<json|template>', summary: 'How to print; JSON by default' }),
  },
  async run({ flags, words }) {
    atLeastOne(words, 'image inspect');
    const { text: shown, errors } = await inspectAll(words, [imageInspector(flags)], flags.format);
    writeOut(shown);
    return reportErrors(errors);
  },
});
