import { isatty } from 'node:tty';
import { defineCommand } from '../cli/command';
import { text, value } from '../cli/flags';
import { atLeastOne } from '../cli/values';
import { withTransfer } from '../cli/transfer';
import { invalidArgument } from '../common/errors';
import { writeAll } from '../engine/looking';
import { ARCHIVE_FORMATS } from '../image/save';

const STDOUT = 1;

export default defineCommand({
  name: 'save',
  summary: 'Write images into an archive',
  usage: 'save [FLAGS] IMAGE [IMAGE...]',
  description: 'docker, podman, skopeo and skiff load it; all digests stay as they are.',
  examples: [
    { description: 'Into a file:', command: 'skiff save -o busybox.tar busybox' },
    { description: 'Into podman:', command: 'skiff save busybox | podman load' },
  ],
  flags: {
    output: text({ char: 'o', helpValue: '<file>', summary: 'Write to a file instead of standard output' }),
    format: value(parseFormat, {
      helpValue: '<docker-archive|oci-archive>',
      summary: 'Format; docker-archive by default',
    }),
  },
  async run({ flags, words }) {
    atLeastOne(words, 'save');
    const { output, format } = flags;
    if (output === undefined && isatty(STDOUT)) {
      throw invalidArgument('cowardly refusing to save to a terminal. Use the -o flag or redirect', {
        exitCode: 1,
      });
    }
    await withTransfer(flags, '', 'saving', async (skiff, _, { signal }) => {
      const options = { format, signal };
      if (output !== undefined) return skiff.images.saveTo(output, words, options);
      for await (const bytes of skiff.images.save(words, options))
        await writeAll(STDOUT, bytes, 'standard output');
    });
    return 0;
  },
});

function parseFormat(given: string): (typeof ARCHIVE_FORMATS)[number] {
  const format = ARCHIVE_FORMATS.find(known => known === given);
  if (format) return format;
  throw invalidArgument(`must be ${ARCHIVE_FORMATS.join(' or ')}`);
}
