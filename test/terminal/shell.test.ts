/*
 * A shell on a terminal of its own in a container: what it sees, and what keys and sizes do. The terminal is tmux's,
 * keys are pressed and the screen is read there.
 */
import type { Tmux } from '../helpers/tmux';
import { endShell, PROMPT, startInTerminal, START_MS } from './support';

describe('run -ti sh', () => {
  let terminal: Tmux;

  beforeEach(async () => {
    terminal = await startInTerminal(['-ti', 'sh'], { columns: 90, rows: 30 });
    await terminal.waitFor(PROMPT, START_MS);
  });

  afterEach(async () => {
    await terminal.sendKeys('C-c');
    await endShell(terminal);
  });

  it('gives a prompt and job control', async () => {
    expect(await terminal.capturePane()).not.toContain("can't access tty");
  });

  it('is the first process, with its ps the second', async () => {
    await terminal.enter('echo "pid=$$"; ps; echo done');
    const screen = await terminal.waitFor(/^done$/m);
    expect(screen).toMatch(/^pid=1$/m);
    expect(screen.match(/^ *\d+ root .*$/gm)).toHaveLength(2);
    expect(screen).toMatch(/^ *1 root +sh$/m);
  });

  it("has a terminal of the container's own, which is its controlling one", async () => {
    await terminal.enter('tty; echo hi > /dev/tty; ls /dev/pts; echo done');
    const screen = await terminal.waitFor(/^done$/m);
    expect(screen).toMatch(/^\/dev\/pts\/0$/m);
    expect(screen).toMatch(/^hi$/m);
    // No other terminal of the host is to be seen.
    expect(screen).toMatch(/^0 +ptmx$/m);
  });

  it('has the size of the terminal, also when that changes', async () => {
    await terminal.enter('stty size');
    await terminal.waitFor(/^30 90$/m);
    await terminal.resize(100, 40);
    await terminal.enter('stty size');
    await terminal.waitFor(/^40 100$/m);
  });

  it('tells a running program of a new size by SIGWINCH', async () => {
    await terminal.enter('sh -c \'trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done\'');
    await terminal.waitFor(/^ready$/m);
    await terminal.resize(101, 41);
    await terminal.waitFor(/^41 101$/m);
    await terminal.resize(70, 20);
    await terminal.waitFor(/^20 70$/m);
  });

  it('ends the foreground job by Ctrl-C, not the shell', async () => {
    await terminal.enter('echo ready; sleep 1000');
    await terminal.waitFor(/^ready$/m);
    await terminal.sendKeys('C-c');
    await terminal.enter('echo "code=$?"');
    await terminal.waitFor(/^code=130$/m);
  });

  it('ends the foreground job by Ctrl-\\', async () => {
    await terminal.enter('echo ready; sleep 1000');
    await terminal.waitFor(/^ready$/m);
    await terminal.sendKeys('C-\\');
    await terminal.enter('echo "code=$?"');
    await terminal.waitFor(/^code=131$/m);
  });

  it('stops a job by Ctrl-Z, and continues it by fg', async () => {
    await terminal.enter('echo ready; sleep 1000');
    await terminal.waitFor(/^ready$/m);
    await terminal.sendKeys('C-z');
    await terminal.waitFor(/Stopped +sleep 1000/);
    await terminal.enter("grep '^State' /proc/$(pidof sleep)/status");
    await terminal.waitFor(/^State:\tT|^State: +T/m);
    await terminal.enter('fg');
    await terminal.waitFor(/^sleep 1000$/m);
    await terminal.sendKeys('C-c');
    await terminal.enter('jobs; echo "code=$?"');
    const screen = await terminal.waitFor(/^code=0$/m);
    expect(screen.match(/Stopped/g)).toHaveLength(1);
  });

  it('ends a program that reads by Ctrl-D', async () => {
    await terminal.enter('cat; echo "code=$?"');
    await terminal.enter('a line');
    await terminal.waitFor(/^a line\na line$/m);
    await terminal.sendKeys('C-d');
    await terminal.waitFor(/^code=0$/m);
  });

  it('edits the line: arrows, deletion, beginning, history', async () => {
    await terminal.sendKeys('ech onX', 'BSpace', 'e', 'Home', 'Right', 'Right', 'Right', 'o');
    await terminal.sendKeys('End', ' two', 'C-a', 'C-d', 'e', 'Left', 'Left', 'C-e', 'Enter');
    await terminal.waitFor(/^one two$/m);
    await terminal.enter('echo "first$((40 + 2))"');
    await terminal.waitFor(/^first42$/m);
    await terminal.sendKeys('Up', 'Enter');
    await terminal.waitFor(/^first42\n[^]*^first42$/m);
    await terminal.sendKeys('not this', 'C-u');
    await terminal.enter('echo "la""st"');
    await terminal.waitFor(/^last$/m);
  });

  it('takes letters of any language, typed and printed', async () => {
    await terminal.enter('echo "<$(printf %s "ä€😀" | wc -c)>"');
    await terminal.waitFor(/^<9>$/m);
  });

  it('takes more keys than a terminal buffers, when its reader is slow', async () => {
    await terminal.enter('stty raw -echo; echo ready; sleep 1; head -c 40000 | md5sum; stty sane');
    await terminal.waitFor(/ready/);
    for (let block = 0; block < 40; block += 1) await terminal.sendKeys('0123456789'.repeat(100));
    // md5 of 4,000 times 0123456789.
    await terminal.waitFor(/[0-9a-f]{32} +-/);
    const { createHash } = await import('node:crypto');
    const expected = createHash('md5').update('0123456789'.repeat(4000)).digest('hex');
    expect(await terminal.capturePane()).toContain(expected);
  });
});
