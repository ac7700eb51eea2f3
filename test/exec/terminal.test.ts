/** `exec -ti` with a shell on a real terminal: tmux's, where keys are pressed and the screen is read. */
import { skiffProgram, fileRoot } from '../helpers/run';
import { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';
import { commandLine, processesWith } from '../run/support';
import { modes, PROMPT } from '../terminal/support';
import { runInBackground, type Background } from './support';

let container: Background;
let terminal: Tmux;

beforeAll(async () => {
  container = await runInBackground('--name', 'bird');
});
afterAll(() => container.end());

async function open(...flags: string[]): Promise<void> {
  terminal = await Tmux.start([skiffProgram, 'exec', '-ti', ...flags], {
    columns: 90,
    rows: 30,
    env: { SKIFF_ROOT: fileRoot() },
  });
}

afterEach(() => terminal.kill());

describe('a shell', () => {
  beforeEach(async () => {
    await open('bird', 'sh');
    await terminal.waitFor(PROMPT);
  });

  test('has a terminal with job control, and sees the container', async () => {
    expect(await terminal.capturePane()).not.toContain("can't access tty");
    await terminal.enter('tty; echo hi > /dev/tty; ps; echo done');
    const screen = await terminal.waitFor(/^done$/m);
    expect(screen).toMatch(/^\/dev\/pts\/\d+$/m);
    expect(screen).toMatch(/^hi$/m);
    expect(screen).toMatch(/^ *1 root +sleep 1000$/m);
    await terminal.sendKeys('C-d');
    expect(await terminal.exitCode()).toBe(0);
  });

  test('has the size of the terminal, also when that changes', async () => {
    await terminal.enter('stty size');
    await terminal.waitFor(/^30 90$/m);
    await terminal.resize(100, 40);
    // The change is passed on by SIGWINCH, which takes its time.
    await terminal.enter('until stty size | grep -q "40 100"; do sleep 0.1; done; echo resized');
    await terminal.waitFor(/^resized$/m);
  });

  test('Ctrl-C ends the job, Ctrl-D the shell; its exit code is told', async () => {
    await terminal.enter('echo ready; sleep 777');
    await terminal.waitFor(/^ready$/m);
    await until('the job', () => jobs().length === 1 || undefined);
    await terminal.sendKeys('C-c');
    await until('its end', () => jobs().length === 0 || undefined);
    await terminal.enter('sh -c "exit 9"');
    await terminal.sendKeys('C-d');
    expect(await terminal.exitCode()).toBe(9);
    expect(commandLine(container.init)).toBe('sleep 1000');
  });

  function jobs(): number[] {
    return processesWith(container.init).filter(pid => commandLine(pid) === 'sleep 777');
  }

  test('the terminal’s modes are raw meanwhile', async () => {
    expect(modes(await terminal.pid())).toMatch(/-icanon.*-echo /s);
  });

  test('the terminal’s end is that of the shell, and of nothing else', async () => {
    await terminal.enter('echo $$-pid');
    await terminal.waitFor(/^\d+-pid$/m);
    const shells = () => processesWith(container.init).filter(pid => commandLine(pid) === 'sh');
    expect(shells()).toHaveLength(1);
    await terminal.kill();
    await until('end of the shell', () => shells().length === 0 || undefined, 15_000);
    expect(commandLine(container.init)).toBe('sleep 1000');
    await open('bird', 'true');
  });
});

test("the container's end is told as 137, and the terminal is as it was", async () => {
  const root = fileRoot();
  const script = `stty -a > "$TMPDIR/before"; SKIFF_ROOT=${root} '${skiffProgram}' exec -ti bird sh; echo "code=$?"; stty -a | diff "$TMPDIR/before" - && echo same; rm "$TMPDIR/before"; exec cat`;
  terminal = await Tmux.start(['sh', '-c', script], { columns: 80, rows: 24 });
  await terminal.waitFor(PROMPT);
  await container.end();
  await terminal.waitFor(/code=137/);
  await terminal.waitFor(/^same$/m);
});
