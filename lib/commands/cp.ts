import { standardInput, streamOut } from '../cli/byte-streams';
import { defineCommand } from '../cli/command';
import { parseCopyArguments, type CopyArguments } from '../cli/copy-arguments';
import { toggle, value } from '../cli/flags';
import { decimalSize } from '../cli/human';
import { writeErr } from '../cli/output';
import { withSkiff } from '../cli/with-skiff';
import type { FileAccess } from '../engine/file-access';
import type { CopyArchiveOptions } from '../engine/copy';
import { parseSize } from '../common/units';

export default defineCommand({
  name: 'cp',
  summary: 'Copy files between a container and the host',
  usage: 'cp [FLAGS] CONTAINER:SOURCE DESTINATION|-\n  cp [FLAGS] SOURCE|- CONTAINER:DESTINATION',
  description: `A container need not run. "-" reads a tar archive from standard input, or writes one to standard output. SOURCE/. is the content of a directory.

What is copied into a container is the super-user's there, what comes out is the caller's; --archive keeps owner and group.`,
  examples: [
    { description: 'Into a container:', command: 'skiff cp ./settings bird:/etc/settings' },
    { description: 'The content of a directory out of it:', command: 'skiff cp bird:/var/log/. ./logs' },
    { description: 'As an archive:', command: 'skiff cp bird:/etc - | tar tv' },
  ],
  flags: {
    archive: toggle({ char: 'a', summary: 'Keep owner and group' }),
    'follow-link': toggle({ char: 'L', summary: 'Copy what a link in SOURCE leads to' }),
    'max-size': value(parseSize, {
      helpValue: '<size>',
      summary: 'Of an uncompressed archive; 64g by default',
    }),
    quiet: toggle({ char: 'q', summary: 'Do not tell how much was copied' }),
  },
  async run({ flags, words }) {
    const ends = parseCopyArguments(words);
    const { archive, 'follow-link': followLink, 'max-size': maxBytes } = flags;
    const copied = await withSkiff(flags, async skiff =>
      copy(await skiff.files(ends.container), ends, { archive, followLink, maxBytes }),
    );
    if (copied && !flags.quiet) writeErr(`Successfully copied ${decimalSize(copied.bytes)} to ${words[1]}\n`);
    return 0;
  },
});

/** Undefined where it went to standard output, or came from there: that is told by nobody. */
async function copy(files: FileAccess, ends: CopyArguments, options: CopyArchiveOptions) {
  const { direction, source, destination } = ends;
  if (direction === 'in')
    return source === '-'
      ? void (await files.copyIn(standardInput(), destination, options))
      : files.copyIn(source, destination, options);
  if (destination !== '-') return files.copyToHost(source, destination, options);
  await streamOut((await files.copyOut(source, options)).stream);
  return undefined;
}
