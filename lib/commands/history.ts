import { defineCommand } from '../cli/command';
import { text, toggle } from '../cli/flags';
import { historyListing, historyRows } from '../cli/history-rows';
import { formatListing } from '../cli/listing';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { Images } from '../engine/looking';

export default defineCommand({
  name: 'history',
  summary: 'Show how an image came to be',
  usage: 'history [FLAGS] IMAGE',
  examples: [{ description: 'Of the image that comes with skiff:', command: 'skiff history busybox' }],
  flags: {
    'no-trunc': toggle({ summary: 'Cut nothing short' }),
    quiet: toggle({ char: 'q', summary: 'Ids alone' }),
    format: text({ helpValue: '<table|json|template>', summary: 'How to print; a table by default' }),
  },
  async run({ flags, words: [reference, ...more] }) {
    if (reference === undefined || more.length > 0) {
      throw usageError('"skiff history" requires exactly 1 argument.', 'history');
    }
    const { id, history } = await new Images(flags).history(reference);
    const rows = historyRows(id, history, { noTrunc: flags['no-trunc'], now: Date.now() });
    if (flags.quiet) writeOut(rows.map(row => `${row.ID}\n`).join(''));
    else writeOut(formatListing(rows, historyListing, flags.format));
    return 0;
  },
});
