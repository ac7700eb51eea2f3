import { streamOut, streamToFile } from '../cli/byte-streams';
import { defineCommand } from '../cli/command';
import { isTerminal } from '../cli/decorate';
import { text } from '../cli/flags';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'export',
  summary: "Export a container's file system as a tar archive",
  usage: 'export [FLAGS] CONTAINER',
  description: 'What is mounted in the container, volumes among it, is left out.',
  examples: [
    { description: 'Into a file:', command: 'skiff export -o tried.tar tried' },
    { description: 'Compressed:', command: 'skiff export tried | gzip > tried.tar.gz' },
  ],
  flags: {
    output: text({ char: 'o', helpValue: '<file>', summary: 'Write to a file, instead of standard output' }),
  },
  async run({ flags, words }) {
    const [name] = words;
    if (name === undefined || words.length > 1)
      throw usageError('"skiff export" requires exactly 1 argument.', 'export');
    if (flags.output === undefined && isTerminal(1))
      throw usageError(
        'cowardly refusing to save to a terminal',
        'export',
        undefined,
        'Use the -o flag or redirect.',
      );
    const skiff = await Skiff.open({ root: flags.root });
    try {
      const stream = await (await skiff.files(name)).export();
      if (flags.output === undefined) await streamOut(stream);
      else await streamToFile(stream, flags.output);
    } finally {
      await skiff.close();
    }
    return 0;
  },
});
