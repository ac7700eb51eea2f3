import { defineCommand } from '../cli/command';
import { formatDetails, formatSummary } from '../cli/df';
import { text, toggle } from '../cli/flags';
import { writeOut } from '../cli/output';
import { noArguments, usageConflict } from '../cli/values';
import { diskUsage, diskUsageSources } from '../engine/looking';

export default defineCommand({
  name: 'system df',
  summary: 'Show how much of the disk is used',
  usage: 'system df [FLAGS]',
  examples: [
    { description: 'In short:', command: 'skiff system df' },
    { description: 'Each thing:', command: 'skiff system df -v' },
  ],
  flags: {
    verbose: toggle({ char: 'v', summary: 'Each image, container and volume' }),
    format: text({
      values: ['table', 'json'],
      helpValue: '<format>',
      summary: "'table', 'json', or a template such as '{{.Type}} {{.Size}}'",
    }),
  },
  async run({ flags, words }) {
    noArguments(words, 'system df');
    if (flags.verbose && flags.format !== undefined)
      throw usageConflict('--verbose', '--format', 'system df');
    const usage = await diskUsage(diskUsageSources(flags));
    writeOut(flags.verbose ? formatDetails(usage, Date.now()) : formatSummary(usage, flags.format));
    return 0;
  },
});
