import { defineCommand } from '../cli/command';
import { filterFlag } from '../cli/filters';
import { toggle } from '../cli/flags';
import { PRUNE_FILTERS, reportPruned, requireConsent } from '../cli/prune';
import { checkSystemPrune, systemPrune, systemPruneWarning } from '../cli/system-prune';
import { noArguments } from '../cli/values';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'system prune',
  summary: 'Remove what is not in use',
  usage: 'system prune [FLAGS]',
  examples: [{ description: 'Without asking:', command: 'skiff system prune -f' }],
  flags: {
    all: toggle({
      char: 'a',
      summary: 'All images that no container has, and not only those without a name',
    }),
    force: toggle({ char: 'f', summary: 'Do not ask' }),
    volumes: toggle({ summary: 'Volumes without a name that no container has, too' }),
    filter: { ...filterFlag(PRUNE_FILTERS), char: undefined },
  },
  async run({ flags, words }) {
    noArguments(words, 'system prune');
    const options = { all: flags.all, volumes: flags.volumes, filters: flags.filter };
    checkSystemPrune(options);
    requireConsent('system prune', systemPruneWarning(options), flags);
    const skiff = await Skiff.open({ root: flags.root, idle: true });
    try {
      return reportPruned(await systemPrune(skiff, options));
    } finally {
      await skiff.close();
    }
  },
});
