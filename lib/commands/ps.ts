import { defineCommand } from '../cli/command';
import { CONTAINER_FILTERS, toContainerFilters } from '../cli/container-filters';
import { containerListing, containerRows } from '../cli/container-rows';
import { filterFlag } from '../cli/filters';
import { text, toggle, value } from '../cli/flags';
import { formatListing, showsField } from '../cli/listing';
import { writeOut } from '../cli/output';
import { noArguments, parseInteger } from '../cli/values';
import { Catalog, optimizeNothing, selectContainers, Sizes } from '../engine/looking';

export default defineCommand({
  name: 'ps',
  summary: 'List containers',
  usage: 'ps [FLAGS]',
  description: 'Those that run; with -a all.',
  examples: [
    { description: 'All containers:', command: 'skiff ps -a' },
    { description: 'Names of those that failed:', command: "skiff ps -a -f exited=1 --format '{{.Names}}'" },
    { description: 'For programs, an object a line:', command: 'skiff ps --format json' },
  ],
  flags: {
    all: toggle({ char: 'a', summary: 'Those that do not run, too' }),
    quiet: toggle({ char: 'q', summary: 'Ids only' }),
    last: value(parseInteger, {
      char: 'n',
      helpValue: '<number>',
      summary: 'So many of the newest, running or not',
    }),
    latest: toggle({ char: 'l', summary: 'The newest, running or not' }),
    size: toggle({ char: 's', summary: 'Sizes of what they wrote, and with their image' }),
    filter: filterFlag(CONTAINER_FILTERS),
    'no-trunc': toggle({ summary: 'Cut nothing' }),
    format: text({
      values: ['table', 'json'],
      helpValue: '<format>',
      summary: "'table', 'json', or a template such as '{{.ID}} {{.Names}}'",
    }),
  },
  async run({ flags, words }) {
    noArguments(words, 'ps');
    const last = flags.latest ? 1 : flags.last;
    const filters = toContainerFilters(flags.filter);
    const sized = flags.size || showsField(flags.format, 'Size');
    const catalog = new Catalog(flags);
    if (catalog.isLong) optimizeNothing();
    const containers = selectContainers(await catalog.list({ brief: flags.format === undefined && !sized }), {
      all: flags.all,
      last,
      filters,
    });
    const sizes = sized ? new Sizes() : undefined;
    const rows = await containerRows(containers, { full: flags['no-trunc'], now: Date.now() }, sizes);
    const format = flags.quiet ? '{{.ID}}' : flags.format;
    writeOut(formatListing(rows, containerListing(flags.size), format));
    return 0;
  },
});
