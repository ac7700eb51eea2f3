/* Full-screen programs in a container's terminal: an editor, a monitor and a pager, driven by keys as a person does. */
import fs from 'node:fs';
import path from 'node:path';
import type { Tmux } from '../helpers/tmux';
import { endShell, onlyContainer, PROMPT, startInTerminal, START_MS } from './support';

let terminal: Tmux;

beforeEach(async () => {
  terminal = await startInTerminal(['-ti', 'sh'], { columns: 80, rows: 24 });
  await terminal.waitFor(PROMPT, START_MS);
});

afterEach(async () => {
  await endShell(terminal);
});

/** Leave vi's insertion. Other keys come when it has: together they would be another key's sequence. */
async function escape(): Promise<void> {
  await terminal.waitFor(/^I \/tmp\/poem/m);
  await terminal.sendKeys('Escape');
  await terminal.waitFor(/^- \/tmp\/poem/m);
}

it('vi draws its screen, takes an edit and writes the file', async () => {
  await terminal.enter('vi /tmp/poem');
  // Its line of state: the name alone is in what was typed, too.
  const screen = await terminal.waitFor(/^- \/tmp\/poem/m);
  // An empty file's lines are tildes, down to the line of the state.
  expect(screen.match(/^~$/gm)).toHaveLength(22);
  await terminal.sendKeys('i', 'first line', 'Enter', 'secnd line');
  await escape();
  await terminal.sendKeys('0', 'l', 'l', 'l', 'i', 'o');
  await escape();
  await terminal.waitFor(/^second line$/m);
  await terminal.sendKeys('k', 'd', 'd', 'p');
  await terminal.waitFor(/^second line\nfirst line$/m);
  await terminal.sendKeys(':', 'wq', 'Enter');
  await terminal.waitFor(PROMPT);
  const { directory } = await onlyContainer();
  expect(fs.readFileSync(path.join(directory, 'writeLayer/tmp/poem'), 'utf8')).toBe(
    'second line\nfirst line\n',
  );
});

it('vi follows a new size', async () => {
  await terminal.enter('vi /tmp/poem');
  await terminal.waitFor(/^- \/tmp\/poem/m);
  await terminal.resize(60, 12);
  await terminal.sendKeys('i', 'x');
  await escape();
  const screen = await terminal.waitFor(/^x\n(~\n){10}[^~]/m);
  expect(screen.trimEnd().split('\n')).toHaveLength(12);
  await terminal.sendKeys(':', 'q!', 'Enter');
  await terminal.waitFor(PROMPT);
});

it('top shows the processes of the container alone, and quits', async () => {
  await terminal.enter('top');
  const screen = await terminal.waitFor(/PID +PPID USER[^]*\btop\b/);
  const rows = screen.match(/^ +\d+ +\d+ root .*$/gm) ?? [];
  expect(rows.map(row => row.trim().split(/\s+/)[0]).sort()).toEqual(['1', expect.stringMatching(/^\d+$/)]);
  await terminal.sendKeys('q');
  await terminal.enter('echo "code=$?"');
  await terminal.waitFor(/^code=0$/m);
});

it('less pages forwards, to the end and back, and finds', async () => {
  await terminal.enter('seq 1 200 | less');
  await terminal.waitFor(/^1\n2\n[^]*^23$/m);
  await terminal.sendKeys('Space');
  await terminal.waitFor(/^24\n[^]*^46$/m);
  await terminal.sendKeys('G');
  await terminal.waitFor(/^200$/m);
  await terminal.sendKeys('g');
  await terminal.waitFor(/^1\n2$/m);
  await terminal.sendKeys('/', '77', 'Enter');
  await terminal.waitFor(/^77\n78$/m);
  await terminal.sendKeys('q');
  await terminal.waitFor(PROMPT);
});
