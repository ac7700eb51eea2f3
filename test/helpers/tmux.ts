import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { tempDirectory } from './temp';
import { until } from './wait';

const execute = promisify(execFile);

/** The pane stays when its command has ended, so that its last screen and its exit code can be read. */
const CONFIGURATION =
  'set -g remain-on-exit on\nset -g status off\nset -g default-terminal screen\nset -sg escape-time 0\n';

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
   * @param command started directly, without a shell
   * @returns to be ended with {@link kill}
   */
  static async start(command: readonly string[], settings: TmuxSettings = {}): Promise<Tmux> {
    const { columns = 80, rows = 24, cwd } = settings;
    const directory = tempDirectory();
    fs.writeFileSync(path.join(directory.path, 'conf'), CONFIGURATION);
    const tmux = new Tmux(directory, { ...process.env, ...settings.env, TMUX: undefined });
    const size = ['-x', String(columns), '-y', String(rows)];
    try {
      // A single word would be given to a shell: `env` makes it two.
      await tmux.call('new-session', '-d', ...size, ...(cwd ? ['-c', cwd] : []), '--', 'env', ...command);
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
    const format = '#{pane_dead} #{pane_dead_status} #{pane_dead_signal}';
    const probe = async () => {
      const [dead, status, signal] = (await this.call('display-message', '-p', format)).trim().split(' ');
      return dead === '1' && (signal ? 128 + Number(signal) : Number(status));
    };
    // An exit code of 0 is a result, too.
    return (await until('end of the command in tmux', async () => wrap(await probe()), timeoutMs)).value;
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.call('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Pid of the command. */
  async pid(): Promise<number> {
    return Number(await this.call('display-message', '-p', '#{pane_pid}'));
  }

  /** End the server, and with it the terminal: what runs there gets SIGHUP. */
  async kill(): Promise<void> {
    await this.call('kill-server');
    this.directory.remove();
  }

  private async call(...args: string[]): Promise<string> {
    const at = (name: string) => path.join(this.directory.path, name);
    const { stdout } = await execute('tmux', ['-S', at('socket'), '-f', at('conf'), ...args], {
      env: this.env,
    });
    return stdout;
  }
}

function wrap(value: number | false): { value: number } | false {
  return value === false ? false : { value };
}
