import { attachSession } from '../cli/attach';
import { defineCommand } from '../cli/command';
import { DETACH_KEYS } from '../cli/detach-keys';
import { forEachContainer } from '../cli/each';
import { text, toggle } from '../cli/flags';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'start',
  summary: 'Start containers that do not run',
  usage: 'start [FLAGS] CONTAINER [CONTAINER...]',
  description: "With -a or -i it stays until the container has ended, and its exit code is the container's.",
  examples: [{ description: 'Run a made container in the foreground:', command: 'skiff start -a later' }],
  flags: {
    attach: toggle({ char: 'a', summary: 'Show its output and pass signals on' }),
    interactive: toggle({ char: 'i', summary: 'Pass standard input on' }),
    'detach-keys': text({ helpValue: '<keys>', summary: `Keys that let go of it; ${DETACH_KEYS}` }),
  },
  async run({ flags, words }) {
    if (!flags.attach && !flags.interactive) {
      const start = async (skiff: Skiff, reference: string) => (await skiff.get(reference)).start();
      return forEachContainer('start', words, flags.root, start, { starts: true });
    }
    const [reference, ...rest] = words;
    if (reference === undefined || rest.length > 0) {
      throw usageError('you cannot start and attach multiple containers at once', 'start');
    }
    const skiff = await Skiff.open({ root: flags.root, idle: true });
    try {
      const container = await skiff.get(reference);
      const mode = {
        input: flags.interactive,
        signals: true,
        detachKeys: flags['detach-keys'] ?? DETACH_KEYS,
        redraw: false,
      };
      return await attachSession(container, mode, attach => container.start({ attach }));
    } finally {
      await skiff.close();
    }
  },
});
