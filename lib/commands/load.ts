import { defineCommand } from '../cli/command';
import { text, toggle, value } from '../cli/flags';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { withTransfer } from '../cli/transfer';
import { parseSize } from '../common/units';

export default defineCommand({
  name: 'load',
  summary: 'Load images from an archive',
  usage: 'load [FLAGS]',
  description: `Takes what docker, podman and skiff save: Docker archives and OCI layouts, as tars (compressed or not) and, of OCI, as directories.`,
  examples: [
    { description: 'From a file:', command: 'skiff load -i image.tar' },
    { description: 'From a pipe:', command: 'podman save alpine | skiff load' },
  ],
  flags: {
    input: text({
      char: 'i',
      helpValue: '<file>',
      summary: 'Read it, or a directory, instead of standard input',
    }),
    quiet: toggle({ char: 'q', summary: 'Show no progress' }),
    'max-size': value(parseSize, {
      helpValue: '<size>',
      summary: 'What each uncompressed layer may have; 64g by default',
    }),
  },
  async run({ flags, words }) {
    if (words.length > 0) throw usageError('"skiff load" accepts no arguments.', 'load');
    const options = { maxBytes: flags['max-size'] };
    const loaded = await withTransfer(flags, flags.input ?? '-', 'loading', (skiff, source, transfer) =>
      skiff.images.load(source, { ...options, ...transfer }),
    );
    for (const { id, loadedRefs } of loaded) {
      for (const ref of loadedRefs) writeOut(`Loaded image: ${ref}\n`);
      if (loadedRefs.length === 0) writeOut(`Loaded image ID: ${id}\n`);
    }
    return 0;
  },
});
