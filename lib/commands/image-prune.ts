import { defineCommand } from '../cli/command';
import { confirm } from '../cli/confirm';
import { filterFlag } from '../cli/filters';
import { toggle } from '../cli/flags';
import { decimalSize } from '../cli/human';
import { PRUNE_FILTERS, toPruneOptions } from '../cli/image-prune';
import { writeOut } from '../cli/output';
import { noArguments } from '../cli/values';
import { withSkiff } from '../cli/with-skiff';

export default defineCommand({
  name: 'image prune',
  summary: 'Remove images without a name',
  usage: 'image prune [FLAGS]',
  description: 'Those that a container was started from stay; with -a images with a name go, too.',
  examples: [{ description: 'Without asking:', command: 'skiff image prune -f' }],
  flags: {
    all: toggle({ char: 'a', summary: 'All that no container was started from' }),
    force: toggle({ char: 'f', summary: 'Do not ask' }),
    filter: { ...filterFlag(PRUNE_FILTERS), char: undefined },
  },
  async run({ flags, words }) {
    noArguments(words, 'image prune');
    const { all = flags.all, keep } = toPruneOptions(flags.filter, Date.now());
    const what = all ? 'all images without at least one container associated to them' : 'all dangling images';
    if (!flags.force && !confirm(`This will remove ${what}.`)) return 0;
    const pruned = await withSkiff(flags, skiff => skiff.images.prune({ all, keep }));
    const lines = [
      ...pruned.untagged.map(name => `untagged: ${name}\n`),
      ...pruned.deleted.map(digest => `deleted: ${digest}\n`),
    ];
    if (lines.length > 0) writeOut(`Deleted Images:\n${lines.join('')}\n`);
    writeOut(`Total reclaimed space: ${decimalSize(pruned.reclaimedBytes, 4)}\n`);
    return 0;
  },
});
