import { defineCommand } from '../cli/command';
import { text, toggle, value } from '../cli/flags';
import { inspectAll } from '../cli/inspection';
import { inspectorsOf, parseInspectType } from '../cli/inspectors';
import { writeOut } from '../cli/output';
import { reportErrors } from '../cli/report-all';
import { atLeastOne } from '../cli/values';

export default defineCommand({
  name: 'inspect',
  summary: 'Tell all that is known of containers, images and volumes',
  usage: 'inspect [FLAGS] NAME...',
  description: 'The fields are those of docker inspect where there is the same thing.',
  examples: [
    { description: 'All of a container:', command: 'skiff inspect bird' },
    { description: 'One field:', command: "skiff inspect -f '{{.State.Pid}}' bird" },
    { description: 'As JSON:', command: "skiff inspect -f '{{json .Mounts}}' bird" },
  ],
  flags: {
    format: text({
      char: 'f',
      helpValue: '<format>',
      summary: "'json', or a template such as '{{.State.Pid}}'",
    }),
    size: toggle({ char: 's', summary: 'Sizes of containers, too' }),
    type: value(parseInspectType, { helpValue: '<type>', summary: 'Only containers, images or volumes' }),
  },
  async run({ flags, words }) {
    atLeastOne(words, 'inspect');
    const { text: told, errors } = await inspectAll(words, inspectorsOf(flags), flags.format);
    writeOut(told);
    return reportErrors(errors);
  },
});
