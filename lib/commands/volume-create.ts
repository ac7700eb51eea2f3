import { defineCommand } from '../cli/command';
import { list, text } from '../cli/flags';
import { writeOut } from '../cli/output';
import { toPairs } from '../cli/pairs';
import { usageError } from '../cli/parse';
import { Volumes } from '../engine/looking';

export default defineCommand({
  name: 'volume create',
  summary: 'Make a volume',
  usage: 'volume create [FLAGS] [NAME]',
  description: 'Without a name it gets a random one. A volume of that name that is there stays as it is.',
  examples: [
    {
      description: 'A volume, and what a container writes to it:',
      command: 'skiff volume create data && skiff run -v data:/data sh -c "date > /data/now"',
    },
    {
      description: 'A directory of the host under a name:',
      command: 'skiff volume create -o type=none -o o=bind -o device=/srv/data srv',
    },
  ],
  flags: {
    driver: text({ char: 'd', helpValue: '<driver>', summary: 'Its kind; there is local' }),
    label: list({ helpValue: '<key=value>', summary: 'Label it' }),
    opt: list({ char: 'o', helpValue: '<key=value>', summary: 'Set an option of the driver' }),
  },
  async run({ flags, words }) {
    const [name, ...others] = words;
    if (others.length > 0) {
      throw usageError('"skiff volume create" requires at most 1 argument.', 'volume create');
    }
    const volume = await new Volumes(flags).create({
      name,
      driver: flags.driver,
      labels: toPairs(flags.label),
      options: toPairs(flags.opt),
    });
    writeOut(`${volume.name}\n`);
    return 0;
  },
});
