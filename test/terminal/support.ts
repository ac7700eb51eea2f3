import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { processIds } from '../helpers/processes';
import { fileRoot, skiffProgram } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { Tmux, type TmuxSettings } from '../helpers/tmux';
import { until } from '../helpers/wait';

/** The prompt of the container's shell, with nothing typed behind it yet. */
export const PROMPT = /^\/ #$/m;

/** A first start unpacks the image. */
export const START_MS = 30_000;

/** `./bin/run run ARGS...` as the command of a terminal; its exit code is the terminal's. */
export function startInTerminal(args: readonly string[], settings: TmuxSettings = {}): Promise<Tmux> {
  const env = { SKIFF_ROOT: fileRoot(), ...settings.env };
  return Tmux.start([skiffProgram, 'run', ...args], { ...settings, env });
}

/** Leave the container's shell, wait for skiff's end and close the terminal, whatever of it fails. */
export async function endShell(terminal: Tmux): Promise<number> {
  try {
    await terminal.enter('exit');
    return await terminal.exitCode();
  } finally {
    await terminal.kill();
  }
}

/** A terminal whose modes are written down before and after `./bin/run run ARGS...`. */
export class ModeCheck {
  private constructor(
    readonly terminal: Tmux,
    private readonly directory: ReturnType<typeof tempDirectory>,
  ) {}

  /**
   * @param args words of a shell
   * @param env on top of what the command has anyway
   */
  static async start(args: string, env: Record<string, string> = {}): Promise<ModeCheck> {
    const directory = tempDirectory();
    // This shell has no job control: unlike an interactive one it never touches the modes itself.
    const script = `stty -a > before
'${skiffProgram}' run ${args}; code=$?
stty -a > after
echo $code > code
exec cat`;
    fs.writeFileSync(path.join(directory.path, 'script'), script);
    const settings = { cwd: directory.path, env: { SKIFF_ROOT: fileRoot(), ...env } };
    return new ModeCheck(await Tmux.start(['sh', 'script'], settings), directory);
  }

  /** Pid of skiff's process. */
  async skiff(): Promise<number> {
    return until('process of skiff', async () => children(await this.terminal.pid())[0]);
  }

  /** Wait for the end of skiff; its exit code. What it made of the terminal must be undone then. */
  async end(): Promise<{ code: number; before: string; after: string }> {
    const code = await until('end of skiff', () => this.read('code'), 20_000);
    return { code: Number(code), before: this.read('before')!, after: this.read('after')! };
  }

  async kill(): Promise<void> {
    await this.terminal.kill();
    this.directory.remove();
  }

  /** undefined as long as there is nothing in it. */
  private read(name: string): string | undefined {
    const file = path.join(this.directory.path, name);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') || undefined : undefined;
  }
}

/** The terminal as a program sees it that asks for its modes. */
export function modes(pid: number): string {
  const fd = fs.openSync(`/proc/${pid}/fd/0`, fs.constants.O_RDONLY | fs.constants.O_NOCTTY);
  try {
    return execFileSync('stty', ['-a'], { stdio: [fd, 'pipe', 'inherit'], encoding: 'utf8' });
  } finally {
    fs.closeSync(fd);
  }
}

export function children(pid: number): number[] {
  const text = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** The one container of this test file's root: its directory, and the host's pid of its first process. */
export async function onlyContainer(): Promise<{ directory: string; init: number }> {
  const containers = path.join(fileRoot(), 'containers');
  const name = await until('one container', () => {
    const names = fs.existsSync(containers) ? fs.readdirSync(containers) : [];
    // Until it has a record it has another name.
    return names.length === 1 && !names[0]!.startsWith('.') && names[0];
  });
  const directory = path.join(containers, name);
  const mount = path.join(directory, 'mnt');
  const init = await until('first process', () => processIds().find(pid => isFirst(pid, mount)));
  return { directory, init };
}

/** Whether it is pid 1 of a pid namespace whose root is the mount: told by its own mount table. */
function isFirst(pid: number, mount: string): boolean {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    if (!/^NSpid:\t\d+\t1$/m.test(status)) return false;
    const root = fs.statSync(`/proc/${pid}/root/`);
    const there = fs.statSync(mount);
    return root.dev === there.dev && root.ino === there.ino;
  } catch {
    // It is gone, or has given up its namespaces: not this one.
    return false;
  }
}

/** What is below the state root of containers. */
export function containersLeft(): string[] {
  return fs.readdirSync(path.join(fileRoot(), 'containers'));
}
