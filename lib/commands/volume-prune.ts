import { defineCommand } from '../cli/command';
import { filterFlag } from '../cli/filters';
import { toggle } from '../cli/flags';
import { reportPruned, requireConsent } from '../cli/prune';
import { noArguments } from '../cli/values';
import { toVolumePruneFilters, VOLUME_PRUNE_FILTERS } from '../cli/volume-rows';
import { Volumes } from '../engine/looking';

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
    filter: { ...filterFlag(VOLUME_PRUNE_FILTERS), char: undefined },
  },
  async run({ flags, words }) {
    noArguments(words, 'volume prune');
    const { all = flags.all, ...filters } = toVolumePruneFilters(flags.filter);
    const what = all ? 'all' : 'anonymous';
    const warning = `This will remove ${what} local volumes not used by at least one container.`;
    requireConsent('volume prune', warning, flags);
    const pruned = await new Volumes(flags).prune({ ...filters, all });
    return reportPruned([{ head: 'Deleted Volumes', pruned }]);
  },
});
