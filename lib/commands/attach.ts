import { attachSession } from '../cli/attach';
import { defineCommand } from '../cli/command';
import { DETACH_KEYS } from '../cli/detach-keys';
import { text, toggle } from '../cli/flags';
import { usageError } from '../cli/parse';
import { Skiff } from '../engine';

export default defineCommand({
  name: 'attach',
  summary: 'Connect this terminal with a container',
  usage: 'attach [FLAGS] CONTAINER',
  description: `Shows what it writes from now on, and passes standard input and signals on. ${DETACH_KEYS} lets go of it.`,
  examples: [
    { description: 'A shell that stays:', command: 'skiff run -dti --name sh sh && skiff attach sh' },
  ],
  flags: {
    'no-stdin': toggle({ summary: 'Pass no standard input on' }),
    'no-sig-proxy': toggle({ summary: 'Pass no signals on' }),
    'sig-proxy': text({ helpValue: '<true|false>', summary: 'Whether signals are passed on' }),
    'detach-keys': text({ helpValue: '<keys>', summary: `Keys that let go of it; ${DETACH_KEYS}` }),
  },
  async run({ flags, words }) {
    const [reference, ...rest] = words;
    if (reference === undefined || rest.length > 0) {
      throw usageError('"skiff attach" requires exactly 1 argument.', 'attach');
    }
    const skiff = await Skiff.open({ root: flags.root, idle: true });
    try {
      const container = await skiff.get(reference);
      const mode = {
        input: !flags['no-stdin'],
        signals: !flags['no-sig-proxy'] && flags['sig-proxy'] !== 'false',
        detachKeys: flags['detach-keys'] ?? DETACH_KEYS,
        redraw: true,
      };
      return await attachSession(container, mode, attach => container.attach(attach));
    } finally {
      await skiff.close();
    }
  },
});
