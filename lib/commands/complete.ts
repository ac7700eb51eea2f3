import { defineCommand } from '../cli/command';
import { complete } from '../cli/completion/complete';
import { candidatesOf } from '../cli/completion/names';
import { splitLine } from '../cli/completion/words';
import { text } from '../cli/flags';
import { writeOut } from '../cli/output';

/** What the scripts of `skiff completion` ask. */
export default defineCommand({
  name: '__complete',
  summary: 'Tell what can stand in the place of the last word',
  usage: '__complete [--line LINE] -- [WORD...]',
  examples: [],
  flags: {
    line: text({ helpValue: '<text>', summary: 'A whole line, as far as it was typed, instead of words' }),
  },
  interspersed: false,
  async run({ flags, words, commands }) {
    const typed = flags.line === undefined ? words : splitLine(flags.line).slice(1);
    const { candidates, files } = await complete(typed, { commands, names: candidatesOf });
    const lines = candidates.map(({ text: candidate, description }) =>
      description === undefined ? candidate : `${candidate}\t${description}`,
    );
    writeOut([...lines, ...(files ? [':files'] : [])].map(line => `${line}\n`).join(''));
    return 0;
  },
});
