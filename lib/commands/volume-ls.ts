import { defineCommand } from '../cli/command';
import { filterFlag } from '../cli/filters';
import { text, toggle } from '../cli/flags';
import { formatListing } from '../cli/listing';
import { writeOut } from '../cli/output';
import { noArguments } from '../cli/values';
import { toVolumeFilters, volumeListing, VolumeRow, VOLUME_FILTERS } from '../cli/volume-rows';
import { Volumes } from '../engine/looking';

export default defineCommand({
  name: 'volume ls',
  summary: 'List volumes',
  usage: 'volume ls [FLAGS]',
  examples: [
    { description: 'All volumes:', command: 'skiff volume ls' },
    { description: 'Names of those that no container has:', command: 'skiff volume ls -q -f dangling=true' },
    { description: 'For programs, an object a line:', command: 'skiff volume ls --format json' },
  ],
  flags: {
    quiet: toggle({ char: 'q', summary: 'Names only' }),
    filter: filterFlag(VOLUME_FILTERS),
    format: text({
      helpValue: '<format>',
      summary: "'table', 'json', or a template such as '{{.Name}} {{.Mountpoint}}'",
    }),
  },
  async run({ flags, words }) {
    noArguments(words, 'volume ls');
    const volumes = await new Volumes(flags).list(toVolumeFilters(flags.filter));
    const rows = volumes.map(volume => new VolumeRow(volume));
    writeOut(formatListing(rows, volumeListing, flags.quiet ? '{{.Name}}' : flags.format));
    return 0;
  },
});
