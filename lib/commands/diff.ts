import tty from 'node:tty';
import { defineCommand } from '../cli/command';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';
import { visibleBytes } from '../cli/visible';
import { Skiff } from '../engine';

const LETTERS = { added: 'A ', changed: 'C ', deleted: 'D ' };
/** Bytes collected before they are written. */
const BATCH = 64 * 1024;

export default defineCommand({
  name: 'diff',
  summary: "Show what a container changed in its image's files",
  usage: 'diff CONTAINER',
  description: 'A: added, C: changed, D: deleted. What is mounted in the container is not looked at.',
  examples: [
    {
      description: 'See what a command changes:',
      command: "skiff run --keep --name tried sh -c 'rm /etc/group; touch /etc/x' && skiff diff tried",
    },
  ],
  flags: {},
  async run({ flags, words }) {
    const [name] = words;
    if (name === undefined || words.length > 1)
      throw usageError('"skiff diff" requires exactly 1 argument.', 'diff');
    const skiff = await Skiff.open({ root: flags.root });
    try {
      const files = await skiff.files(name);
      const spell = tty.isatty(1) ? visibleBytes : (name: Buffer) => name;
      let lines: Buffer[] = [];
      for await (const { kind, pathBytes } of files.changes()) {
        lines.push(Buffer.from(LETTERS[kind]), spell(pathBytes), Buffer.from('\n'));
        if (lines.length < BATCH / 16) continue;
        writeOut(Buffer.concat(lines));
        lines = [];
      }
      writeOut(Buffer.concat(lines));
    } finally {
      await skiff.close();
    }
    return 0;
  },
});
