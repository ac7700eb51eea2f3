import { defineCommand } from '../cli/command';
import { list, text, value } from '../cli/flags';
import { withTransfer } from '../cli/transfer';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { parseSize } from '../common/units';

export default defineCommand({
  name: 'import',
  summary: 'Make an image of the tar of a root file system',
  usage: 'import [FLAGS] FILE|- [REPOSITORY[:TAG]]',
  description: 'The tar can be compressed by gzip, zstd, xz or bzip2; what it is, its content tells.',
  examples: [
    { description: 'From a file:', command: 'skiff import rootfs.tar.gz mine:1' },
    {
      description: 'From a pipe, with a command:',
      command: `tar -C rootfs -c . | skiff import -c 'CMD ["sh"]' - mine`,
    },
  ],
  flags: {
    change: list({
      char: 'c',
      helpValue: '<instruction>',
      summary: 'Apply an instruction of a Dockerfile to the config',
    }),
    message: text({ char: 'm', helpValue: '<text>', summary: 'Say where it comes from' }),
    'max-size': value(parseSize, {
      helpValue: '<size>',
      summary: 'What the uncompressed tar may have; 64g by default',
    }),
  },
  async run({ flags, words: [file, ref, ...more] }) {
    if (file === undefined) throw usageError('"skiff import" requires at least 1 argument.', 'import');
    if (more.length > 0) throw usageError('"skiff import" requires at most 2 arguments.', 'import');
    const options = { ref, changes: flags.change, message: flags.message, maxBytes: flags['max-size'] };
    const { id } = await withTransfer(flags, file, 'importing', (skiff, source, transfer) =>
      skiff.images.import(source, { ...options, ...transfer }),
    );
    writeOut(`${id}\n`);
    return 0;
  },
});
