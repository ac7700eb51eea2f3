import { defineCommand } from '../cli/command';
import { usageError } from '../cli/parse';
import { withSkiff } from '../cli/with-skiff';

export default defineCommand({
  name: 'tag',
  summary: 'Give an image one more name',
  usage: 'tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  examples: [{ description: 'Of the image that comes with skiff:', command: 'skiff tag busybox mine:1' }],
  flags: {},
  async run({ flags, words: [source, target, ...more] }) {
    if (source === undefined || target === undefined || more.length > 0) {
      throw usageError('"skiff tag" requires exactly 2 arguments.', 'tag');
    }
    await withSkiff(flags, skiff => skiff.images.tag(source, target));
    return 0;
  },
});
