import { defineCommand } from '../cli/command';
import { forEachContainer } from '../cli/each';
import { toLimits } from '../cli/limits';
import { usageError } from '../cli/parse';
import { runFlags } from '../cli/run-flags';
import { withoutUndefined } from '../cli/run-options';

const { memory, cpus, restart } = runFlags;

export default defineCommand({
  name: 'update',
  summary: "Change containers' limits",
  usage: 'update [FLAGS] CONTAINER [CONTAINER...]',
  description: 'For a container that runs at once, and for its next starts.',
  examples: [{ description: 'More room:', command: 'skiff update -m 256m --memory-swap -1 db' }],
  flags: {
    memory,
    'memory-swap': runFlags['memory-swap'],
    cpus,
    'cpu-shares': runFlags['cpu-shares'],
    'cpuset-cpus': runFlags['cpuset-cpus'],
    'pids-limit': runFlags['pids-limit'],
    restart,
  },
  run({ flags, words }) {
    const changes = withoutUndefined({ ...toLimits(flags), restart: flags.restart });
    if (Object.keys(changes).length === 0) {
      throw usageError('you must provide one or more flags when using this command', 'update');
    }
    return forEachContainer('update', words, flags.root, async (skiff, reference) => {
      const container = await skiff.get(reference);
      await container.update(changes);
    });
  },
});
