import { defineCommand } from '../cli/command';
import { filterFlag } from '../cli/filters';
import { text, toggle } from '../cli/flags';
import { IMAGE_FILTERS, imageListing, imageRows, imageSelection } from '../cli/image-rows';
import { formatListing } from '../cli/listing';
import { writeErr, writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { Images } from '../engine/looking';

export default defineCommand({
  name: 'images',
  summary: 'List images',
  usage: 'images [FLAGS] [REPOSITORY[:TAG]]',
  examples: [
    { description: 'Those of one repository:', command: 'skiff images busybox' },
    { description: 'Images that lost their names:', command: 'skiff images -f dangling=true' },
    { description: 'For programs:', command: 'skiff images --format json' },
  ],
  flags: {
    all: toggle({ char: 'a', summary: 'All images; there are none that are hidden without it' }),
    quiet: toggle({ char: 'q', summary: 'Ids alone' }),
    digests: toggle({ summary: 'Show the digests that images were loaded by' }),
    'no-trunc': toggle({ summary: 'Show ids whole' }),
    filter: filterFlag(IMAGE_FILTERS),
    format: text({ helpValue: '<table|json|template>', summary: 'How to print; a table by default' }),
  },
  async run({ flags, words }) {
    if (words.length > 1) throw usageError('"skiff images" requires at most 1 argument.', 'images');
    const store = new Images(flags);
    const all = await store.list();
    const { images, name } = imageSelection(flags.filter, words[0], all);
    const shown = { noTrunc: flags['no-trunc'], name, now: Date.now() };
    const rows = images.flatMap(image => imageRows(image, shown));
    if (flags.quiet) writeOut([...new Set(rows.map(row => `${row.ID}\n`))].join(''));
    else writeOut(formatListing(rows, imageListing(flags.digests), flags.format));
    for (const { message, remedy } of store.unreadable()) writeErr(`skiff: ${message}\n${remedy}\n`);
    return 0;
  },
});
