import tty from 'node:tty';
import { SkiffError } from '../common/errors';
import type { Container } from '../engine/options';
import { native } from '../native';

/**
 * Refuse to pass the keys of what is no terminal.
 *
 * @throws SkiffError ENOTTY with Docker's wording
 */
export function requireTerminal(): void {
  if (tty.isatty(0)) return;
  throw new SkiffError('the input device is not a TTY', {
    code: 'ENOTTY',
    remedy: 'Leave out -t to pass data from a pipe or file, or -i to show output only.',
  });
}

/** The terminal of this process, while it is the window to a container's. */
export class HostTerminal {
  private before: Buffer | undefined;

  /** Rows and columns; undefined where neither output nor input is a terminal. */
  size(): { rows: number; columns: number } | undefined {
    const stream = tty.isatty(1) ? process.stdout : tty.isatty(0) ? new tty.WriteStream(0) : undefined;
    if (!stream) return undefined;
    const [columns, rows] = stream.getWindowSize();
    if (stream !== process.stdout) stream.destroy();
    return { rows, columns };
  }

  /** Every key goes to the container: no echo, no line editing, no signals, no changes to output. */
  enterRaw(): void {
    if (!tty.isatty(0)) return;
    // Node's own raw mode leaves output processing on, which would change the line feeds of full-screen programs.
    const before = native().setRawMode({ terminal: 0 });
    this.before ??= before;
  }

  /** All as it was. */
  restore(): void {
    if (!this.before) return;
    native().restoreMode({ terminal: 0, mode: this.before });
    this.before = undefined;
  }
}

/** So long a container may go on without its terminal; what is in it can be reached by nobody any more. */
const HANGUP_GRACE_MS = 10_000;

/** What a session is the foreground of: a container, or a command in one. */
export type Foreground = Pick<
  Container,
  'stdin' | 'stdout' | 'kill' | 'resize' | 'wait' | 'guardTerminal' | 'forgetTerminal'
>;

/** Connects this terminal with a container's; `finished` resolves when all of its output is written. */
export interface TerminalRelay {
  finished: Promise<void>;
  stop(): void;
}

/**
 * Pass keys in, output out, and changes of the size; each side waits for the other.
 *
 * @param interactive standard input is passed on
 */
export function relayTerminal(
  terminal: HostTerminal,
  container: Pick<Container, 'stdin' | 'stdout' | 'kill' | 'resize'>,
  interactive: boolean,
): TerminalRelay {
  const { stdin, stdout } = container;
  const resize = () => {
    const size = terminal.size();
    if (size) container.resize(size);
  };
  const resume = () => {
    if (interactive) terminal.enterRaw();
    resize();
  };
  let killer: NodeJS.Timeout | undefined;
  // In raw mode no key is an end of file: that is what a terminal tells which was closed. The container's is, too.
  const hangUp = () => {
    stdin?.destroy();
    killer = setTimeout(() => container.kill('SIGKILL'), HANGUP_GRACE_MS);
  };
  // The size may have changed since the container was started with it. Only once standard output has been asked for it,
  // Node follows its changes; and what listens for them below must come after that.
  resize();
  process.on('SIGWINCH', resize).on('SIGCONT', resume);
  if (interactive && stdin) {
    terminal.enterRaw();
    // A container that is gone takes no more keys: its end is told by wait().
    stdin.on('error', () => process.stdin.unpipe(stdin));
    process.stdin.once('close', hangUp).pipe(stdin);
  }
  return {
    finished: copyOut(stdout),
    stop() {
      process.off('SIGWINCH', resize).off('SIGCONT', resume);
      clearTimeout(killer);
      process.stdin.off('close', hangUp);
      if (!interactive) return;
      if (stdin) process.stdin.unpipe(stdin);
      process.stdin.pause();
      terminal.restore();
    },
  };
}

/** Resolves at the end of the output. Where our own output is gone, the rest is dropped so that the container can end. */
function copyOut(stdout: Foreground['stdout']): Promise<void> {
  if (!stdout) return Promise.resolve();
  return new Promise(resolve => {
    process.stdout.on('error', () => {
      stdout.unpipe(process.stdout);
      stdout.resume();
    });
    // The pty's master answers EIO when the last process is gone: that is its end of file.
    stdout
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    stdout.pipe(process.stdout, { end: false });
  });
}
