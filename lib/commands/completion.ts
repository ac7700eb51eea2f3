import { defineCommand } from '../cli/command';
import { completionScript, SHELLS } from '../cli/completion/scripts';
import { writeOut } from '../cli/output';
import { usageError } from '../cli/parse';

export default defineCommand({
  name: 'completion',
  summary: 'Print the completion script of a shell',
  usage: 'completion bash|zsh|fish',
  description: 'It completes commands, flags and their values, and names of containers, images and volumes.',
  examples: [
    { description: 'For this bash:', command: 'source <(skiff completion bash)' },
    {
      description: 'For every fish:',
      command: 'skiff completion fish >~/.config/fish/completions/skiff.fish',
    },
  ],
  outside: true,
  flags: {},
  async run({ words }) {
    const shell = SHELLS.find(known => known === words[0]);
    if (!shell || words.length > 1) {
      throw usageError(`"skiff completion" requires a shell: ${SHELLS.join(', ')}`, 'completion');
    }
    writeOut(completionScript(shell));
    return 0;
  },
});
