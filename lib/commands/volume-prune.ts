import { defineCommand } from '../cli/command';
import { confirm } from '../cli/confirm';
import { filterFlag } from '../cli/filters';
import { toggle } from '../cli/flags';
import { decimalSize } from '../cli/human';
import { writeOut } from '../cli/output';
import { reportError } from '../cli/report';
import { noArguments } from '../cli/values';
import { PRUNE_FILTERS, toPruneFilters } from '../cli/volume-rows';
import { Volumes } from '../engine/volumes';

export default defineCommand({
  name: 'volume prune',
  summary: 'Remove volumes that no container has',
  usage: 'volume prune [FLAGS]',
  description: 'Those without a name of their own; with -a all.',
  examples: [
    { description: 'All that no container has, without asking:', command: 'skiff volume prune -af' },
  ],
  flags: {
    all: toggle({ char: 'a', summary: 'Those with a name, too' }),
    force: toggle({ char: 'f', summary: 'Do not ask' }),
    filter: { ...filterFlag(PRUNE_FILTERS), char: undefined },
  },
  async run({ flags, words }) {
    noArguments(words, 'volume prune');
    const { all = flags.all, ...filters } = toPruneFilters(flags.filter);
    const what = all ? 'all' : 'anonymous';
    const warning = `This will remove ${what} local volumes not used by at least one container.`;
    if (!flags.force && !confirm(warning)) return 0;
    const { names, reclaimed, errors } = await new Volumes(flags).prune({ ...filters, all });
    if (names.length > 0) writeOut(`Deleted Volumes:\n${names.map(name => `${name}\n`).join('')}\n`);
    writeOut(`Total reclaimed space: ${decimalSize(reclaimed, 4)}\n`);
    return errors.reduce<number>((_, error) => reportError(error), 0);
  },
});
