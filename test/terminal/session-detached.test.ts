/** The session of the series that this program follows, typed in a terminal: from `run -d` to `commit` and back. */
import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, projectRoot, run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';
import { removeAllAfterEach } from '../detached/support';
import { PROMPT, START_MS } from './support';

removeAllAfterEach();

/** The host's shell: told apart from the container's, which ends in `# `. */
const HOST_PROMPT = 'host> ';
const ID = /^[0-9a-f]{64}$/m;

let terminal: Tmux;
let directory: ReturnType<typeof tempDirectory>;

beforeEach(async () => {
  directory = tempDirectory();
  const bin = path.join(directory.path, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(path.join(projectRoot, 'bin', 'run'), path.join(bin, 'skiff'));
  terminal = await Tmux.start(['sh'], {
    columns: 160,
    rows: 40,
    cwd: directory.path,
    env: { SKIFF_ROOT: fileRoot(), PATH: `${bin}:${process.env.PATH}`, PS1: HOST_PROMPT, ENV: '' },
  });
  await terminal.waitFor(/^host>$/m);
});

afterEach(async () => {
  await terminal.kill();
  directory.remove();
});

/** The screen has nothing but a line that says so, another one each time, and the prompt. */
async function clear(): Promise<void> {
  const sign = `cleared-${(clearings += 1)}`;
  await terminal.enter(`clear; echo ${sign}`);
  await terminal.waitFor(new RegExp(`^${sign}\\nhost>\\s*$`));
}

let clearings = 0;

/** Type a line at the host's shell; what it printed until the next prompt. */
async function type(line: string): Promise<string> {
  await clear();
  await terminal.enter(line);
  const screen = await terminal.waitFor(/^cleared-\d+\nhost> [^]*\nhost>\s*$/, START_MS);
  return screen.trimEnd().split('\n').slice(2, -1).join('\n');
}

/** Type a line at the shell of a container that has been entered by `enter`; what it printed. */
async function typeInside(line: string): Promise<void> {
  await terminal.enter(line);
  await terminal.waitFor(new RegExp(`^/ # ${line.replace(/[.*+?^$()|[\]\\/]/g, '\\$&')}$[^]*^/ #$`, 'm'));
}

async function enter(line: string): Promise<void> {
  await clear();
  await terminal.enter(line);
  await terminal.waitFor(PROMPT, START_MS);
}

async function leave(): Promise<void> {
  await terminal.enter('exit');
  await terminal.waitFor(/^host>$/m);
}

test('run -d, ps, logs, exec -ti, stop, commit, run -ti of the image, rm, -e', async () => {
  const volume = path.join(directory.path, 'volume');
  fs.mkdirSync(volume);
  expect(await type('skiff run -d --name bird -v $PWD/volume:/containerVolume busybox top')).toMatch(ID);

  const [head, row] = (await type('skiff ps')).split('\n');
  expect(head).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
  expect(row).toMatch(/^[0-9a-f]{12} +busybox +"top" +.* ago +Up .* +bird$/);
  await until('top has written', async () => (await run(['logs', 'bird'])).stdout.length > 0);
  // What top writes moves the cursor, and so the prompt.
  await terminal.enter('skiff logs bird');
  await terminal.waitFor(/^Mem: .*used/m);

  await enter('skiff exec -ti bird sh');
  await typeInside('echo kept > /containerVolume/inVolume');
  await typeInside('echo changed > /inRoot');
  await leave();
  expect(fs.readFileSync(path.join(volume, 'inVolume'), 'utf8')).toBe('kept\n');

  expect(await type('skiff stop bird')).toBe('bird');
  expect(await type('skiff ps')).not.toContain('bird');
  expect(await type('skiff ps -a')).toMatch(/"top" .* Exited \(\d+\) .* ago +bird$/m);
  expect(await type('skiff commit bird image1')).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await type('skiff images')).toMatch(/^image1 +latest +[0-9a-f]{12} /m);

  await enter('skiff run -ti image1 sh');
  await terminal.enter('cat /inRoot; ls -A /containerVolume | wc -l');
  await terminal.waitFor(/^changed\n0$/m);
  await leave();

  expect(await type('skiff rm bird')).toBe('bird');
  expect(await type('skiff ps -a -q')).toBe('');
  // What lay in the volume is the host's.
  expect(fs.readFileSync(path.join(volume, 'inVolume'), 'utf8')).toBe('kept\n');

  const id = ID.exec(await type('skiff run -d -e bird=123 -e luck=bird busybox top'))![0];
  await enter(`skiff exec -ti ${id.slice(0, 8)} sh`);
  await terminal.enter('env | grep bird | sort');
  await terminal.waitFor(/^bird=123\nluck=bird$/m);
  await leave();
  expect(await run(['rmi', 'image1'])).toMatchObject({ code: 0, stderr: '' });
});

test('who attaches again sees the whole screen, without typing anything', async () => {
  expect(await type('skiff run -dti --name poem busybox vi /poem')).toMatch(ID);
  for (let time = 1; time <= 3; time++) {
    await terminal.enter('clear; skiff attach poem');
    const screen = await terminal.waitFor(/\/poem .*\d+%/, START_MS);
    expect(screen.match(/^~$/gm)?.length).toBeGreaterThan(30);
    await terminal.sendKeys('C-p', 'C-q');
    await terminal.waitFor(/^host>/m);
  }
  expect(await run(['rm', '-f', 'poem'])).toMatchObject({ code: 0, stderr: '' });
});
