import { formatVersion } from '../cli/about';
import { defineCommand } from '../cli/command';
import { text } from '../cli/flags';
import { writeOut } from '../cli/output';
import { noArguments } from '../cli/values';
import { version } from '../engine/looking';

export default defineCommand({
  name: 'version',
  summary: 'Show the versions of skiff and of what it runs on',
  usage: 'version [--format FORMAT]',
  examples: [{ description: 'Its own alone:', command: "skiff version --format '{{.Client.Version}}'" }],
  outside: true,
  flags: {
    format: text({
      char: 'f',
      helpValue: '<format>',
      summary: "'json', or a template such as '{{.Client.Version}}'",
    }),
  },
  async run({ flags, words }) {
    noArguments(words, 'version');
    writeOut(formatVersion(version(), flags.format));
    return 0;
  },
});
