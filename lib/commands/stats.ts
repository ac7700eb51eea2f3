import { defineCommand } from '../cli/command';
import { mayDecorate } from '../cli/decorate';
import { text, toggle } from '../cli/flags';
import { formatListing } from '../cli/listing';
import { writeBytes, writeOut } from '../cli/output';
import { redrawn, statsListing, statsRow } from '../cli/stats-rows';
import { Catalog, selectContainers, watchStats } from '../engine/looking';

/** A look from time to time; of a single one the CPU's share is measured over this. */
const INTERVAL_MS = 1_000;

export default defineCommand({
  name: 'stats',
  summary: 'Show what containers use',
  usage: 'stats [FLAGS] [CONTAINER...]',
  description: 'All that run, or those named; again and again, until Ctrl-C.',
  examples: [
    { description: 'Once:', command: 'skiff stats --no-stream' },
    { description: 'For programs:', command: 'skiff stats --no-stream --format json' },
  ],
  flags: {
    all: toggle({ char: 'a', summary: 'Those that do not run, too' }),
    'no-stream': toggle({ summary: 'Once, and end' }),
    'no-trunc': toggle({ summary: 'Cut nothing' }),
    format: text({
      values: ['table', 'json'],
      helpValue: '<format>',
      summary: "'table', 'json', or a template such as '{{.Name}} {{.CPUPerc}}'",
    }),
  },
  async run({ flags, words }) {
    const catalog = new Catalog(flags);
    const named = () => Promise.all(words.map(word => catalog.inspect(word)));
    const listed = async () => selectContainers(await catalog.list(), { all: flags.all });
    const redraws = !flags['no-stream'] && mayDecorate(1);
    if (redraws) writeOut('\x1b[2J');
    for await (const looks of watchStats(words.length > 0 ? named : listed, { intervalMs: INTERVAL_MS })) {
      const rows = looks.map(look => statsRow(look, { full: flags['no-trunc'] }));
      const shown = formatListing(rows, statsListing, flags.format);
      const isRead = writeBytes('stdout', Buffer.from(redraws ? redrawn(shown) : shown));
      if (flags['no-stream'] || !isRead) break;
    }
    return 0;
  },
});
