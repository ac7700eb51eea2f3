import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ancestors, processIds } from './processes';
import { tempDirectory } from './temp';
import { until } from './wait';

const execute = promisify(execFile);

/** The pane stays when its command has ended, so that its last screen can be read. */
const CONFIGURATION = `set -g remain-on-exit on
set -g remain-on-exit-format ""
set -g status off
set -g default-terminal screen
set -sg escape-time 0
`;

/** tmux 3.3 forgets the exit code of every other command: a shell writes it down. $0 is the file. */
const NOTE_EXIT_CODE = '"$@"; echo $? > "$0"';

export interface TmuxSettings {
  columns?: number;
  rows?: number;
  cwd?: string;
  /** On top of this process's environment. */
  env?: Record<string, string>;
}

/** A command in a terminal of its own, by a tmux server that nobody else knows. */
export class Tmux {
  private constructor(
    private readonly directory: { path: string; remove(): void },
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * @param command its words, whatever characters are in them
   * @returns to be ended with {@link kill}
   */
  static async start(command: readonly string[], settings: TmuxSettings = {}): Promise<Tmux> {
    const { columns = 80, rows = 24, cwd } = settings;
    const directory = tempDirectory();
    fs.writeFileSync(path.join(directory.path, 'conf'), CONFIGURATION);
    const tmux = new Tmux(directory, { ...process.env, ...settings.env, TMUX: undefined });
    const size = ['-x', String(columns), '-y', String(rows)];
    try {
      const shell = ['sh', '-c', NOTE_EXIT_CODE, tmux.exitFile, ...command];
      await tmux.call('new-session', '-d', ...size, ...(cwd ? ['-c', cwd] : []), '--', ...shell);
    } catch (error) {
      directory.remove();
      throw error;
    }
    return tmux;
  }

  /** Press keys by tmux's names (`Enter`, `C-c`, `Up`); what is no key's name is typed. */
  async sendKeys(...keys: string[]): Promise<void> {
    await this.call('send-keys', '--', ...keys);
  }

  /** Type text as it stands, and Enter after it. */
  async enter(line: string): Promise<void> {
    await this.call('send-keys', '-l', '--', line);
    await this.sendKeys('Enter');
  }

  /** What stands on the screen, without spaces at the lines' ends; with `history` also what has scrolled away. */
  async capturePane({ history = false } = {}): Promise<string> {
    return this.call('capture-pane', '-p', ...(history ? ['-S', '-'] : []));
  }

  /**
   * Wait until the screen shows it.
   *
   * @returns the screen
   * @throws Error that shows the last screen
   */
  async waitFor(expected: string | RegExp, timeoutMs = 10_000): Promise<string> {
    let screen = '';
    const shows = () => (typeof expected === 'string' ? screen.includes(expected) : expected.test(screen));
    try {
      return await until(
        String(expected),
        async () => ((screen = await this.capturePane()), shows() && screen),
        timeoutMs,
      );
    } catch (cause) {
      throw new Error(`the terminal did not show ${String(expected)} in ${timeoutMs} ms but:\n${screen}`, {
        cause,
      });
    }
  }

  /** Wait for the command's end; its exit code, 128+n for signal n. */
  async exitCode(timeoutMs = 10_000): Promise<number> {
    const probe = () => fs.existsSync(this.exitFile) && fs.readFileSync(this.exitFile, 'utf8').trim();
    return Number(await until('end of the command in tmux', () => probe() || false, timeoutMs));
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.call('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Pid of the command, while it runs. */
  async pid(): Promise<number> {
    const shell = Number(await this.call('display-message', '-p', '#{pane_pid}'));
    return until('start of the command in tmux', () => processIds().find(pid => ancestors(pid)[0] === shell));
  }

  /** End the server, and with it the terminal: what runs there gets SIGHUP. */
  async kill(): Promise<void> {
    await this.call('kill-server');
    this.directory.remove();
  }

  private get exitFile(): string {
    return path.join(this.directory.path, 'exit-code');
  }

  private async call(...args: string[]): Promise<string> {
    const at = (name: string) => path.join(this.directory.path, name);
    const { stdout } = await execute('tmux', ['-S', at('socket'), '-f', at('conf'), ...args], {
      env: this.env,
    });
    return stdout;
  }
}
