import { defineCommand } from '../cli/command';
import { createFlags } from '../cli/run-flags';
import { createOnly } from '../cli/run-modes';

export default defineCommand({
  name: 'create',
  summary: 'Make a container without starting it',
  usage: 'create [FLAGS] [IMAGE] COMMAND [ARG...]',
  description: "Takes the flags of 'run', and prints the container's id.",
  examples: [
    { description: 'Now, and later:', command: 'skiff create --name later date && skiff start -a later' },
  ],
  flags: createFlags,
  interspersed: false,
  run: ({ flags, words }) => createOnly({ ...flags, detach: true }, words),
});
