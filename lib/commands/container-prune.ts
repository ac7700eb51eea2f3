import { defineCommand } from '../cli/command';
import { filterFlag } from '../cli/filters';
import { toggle } from '../cli/flags';
import { PRUNE_FILTERS, reportPruned, requireConsent, toPruneFilters } from '../cli/prune';
import { noArguments } from '../cli/values';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'container prune',
  summary: 'Remove all containers that do not run',
  usage: 'container prune [FLAGS]',
  examples: [
    {
      description: 'Those of yesterday and before, without asking:',
      command: 'skiff container prune -f --filter until=24h',
    },
  ],
  flags: {
    force: toggle({ char: 'f', summary: 'Do not ask' }),
    filter: { ...filterFlag(PRUNE_FILTERS), char: undefined },
  },
  async run({ flags, words }) {
    noArguments(words, 'container prune');
    const filters = toPruneFilters(flags.filter);
    requireConsent('container prune', 'This will remove all stopped containers.', flags);
    const skiff = await Skiff.open({ root: flags.root, idle: true });
    try {
      return reportPruned([{ head: 'Deleted Containers', pruned: await skiff.pruneContainers(filters) }]);
    } finally {
      await skiff.close();
    }
  },
});
