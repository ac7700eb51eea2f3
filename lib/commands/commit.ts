import { defineCommand } from '../cli/command';
import { list, text, toggle } from '../cli/flags';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'commit',
  summary: "Make an image of a container's changes",
  usage: 'commit [FLAGS] CONTAINER [REPOSITORY[:TAG]]',
  description:
    'What the container wrote becomes one more layer on its image. What is mounted in it is left out.',
  examples: [
    { description: 'Keep what was tried:', command: 'skiff commit -m "with tools" bird bird:tools' },
    { description: 'With another command:', command: `skiff commit -c 'CMD ["top"]' bird bird:top` },
  ],
  flags: {
    author: text({ char: 'a', helpValue: '<text>', summary: 'Who made it' }),
    change: list({
      char: 'c',
      helpValue: '<instruction>',
      summary: 'Apply an instruction of a Dockerfile to the config',
    }),
    message: text({ char: 'm', helpValue: '<text>', summary: 'Say what was done' }),
    pause: toggle({
      char: 'p',
      initially: true,
      summary: 'Hold a running container meanwhile, which is the default; --pause=false does not',
    }),
  },
  async run({ flags, words: [name, ref, ...more] }) {
    if (name === undefined) throw usageError('"skiff commit" requires at least 1 argument.', 'commit');
    if (more.length > 0) throw usageError('"skiff commit" requires at most 2 arguments.', 'commit');
    const { author, message, pause, change: changes } = flags;
    const skiff = await Skiff.open({ root: flags.root });
    try {
      const files = await skiff.files(name);
      const { id } = await files.commit({ ref, author, message, pause, changes });
      writeOut(`${id}\n`);
    } finally {
      await skiff.close();
    }
    return 0;
  },
});
