import fs from 'node:fs';
import path from 'node:path';
import { allCommands } from '../../lib/cli/all-commands';
import { renderReference } from '../../lib/cli/reference';

it('docs/reference.md is what the commands say of themselves; else run: npm run reference', async () => {
  const { commands, aliases } = await allCommands();
  const stored = fs.readFileSync(path.join(__dirname, '../../docs/reference.md'), 'utf8');
  expect(stored).toBe(renderReference(commands, aliases));
  expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(['run', 'ps', 'container prune']));
});

it('every command has a summary, an example, and a usage that begins with its name', async () => {
  const { commands } = await allCommands();
  for (const { name, summary, usage, examples } of commands) {
    expect({
      name,
      usage: usage.startsWith(name),
      summary: summary !== '',
      examples: examples.length > 0,
    }).toEqual({
      name,
      usage: true,
      summary: true,
      examples: true,
    });
  }
});
