import type { ExitResult, StartOptions } from '../engine/options';
import { SignalRelay } from './signals';
import type { Foreground, HostTerminal } from './terminal';

/** The part of the start options that a session decides. */
export type SessionStreams = Pick<StartOptions, 'stdin' | 'stdout' | 'stderr' | 'tty'>;

export interface SessionMode {
  /** `-i` */
  interactive: boolean;
  /** `-t` */
  terminal: boolean;
}

/**
 * Be the foreground of a container, or of a command in one, from its start to its end: streams, terminal, signals.
 *
 * Without a terminal the container is given this process's own descriptors: nothing is copied, and the streams of
 * this process are not touched.
 *
 * @param start starts it with these streams
 * @param started called as soon as it runs
 * @throws SkiffError ENOTTY where a terminal's keys are asked for and standard input is none
 */
export async function foreground<Started extends Foreground>(
  start: (streams: SessionStreams) => Promise<Started>,
  mode: SessionMode,
  started: (container: Started) => void = () => undefined,
): Promise<ExitResult> {
  // Loaded at need: node:tty costs as much time as all the rest of a plain run's command line.
  const terminals = mode.terminal ? await import('./terminal') : undefined;
  if (mode.interactive) terminals?.requireTerminal();
  const terminal = terminals && new terminals.HostTerminal();
  const signals = new SignalRelay();
  try {
    const container = await start(streamsOf(mode, terminal));
    if (terminal && mode.interactive) await container.guardTerminal(0);
    const relay = terminal && terminals?.relayTerminal(terminal, container, mode.interactive);
    try {
      started(container);
      signals.attach(container);
      const result = await container.wait();
      await relay?.finished;
      return result;
    } finally {
      relay?.stop();
      if (terminal && mode.interactive) await container.forgetTerminal();
    }
  } finally {
    signals.dispose();
  }
}

function streamsOf({ interactive }: SessionMode, terminal: HostTerminal | undefined): SessionStreams {
  if (terminal) return { tty: terminal.size() ?? true, stdin: 'pipe', stdout: 'pipe' };
  return { stdin: interactive ? 0 : 'ignore', stdout: 'inherit', stderr: 'inherit' };
}

/** Size of this terminal, for a container that is to have one; undefined where it is not, or there is none here. */
export async function hostTerminalSize(
  wanted: boolean,
): Promise<{ rows: number; columns: number } | undefined> {
  if (!wanted) return undefined;
  const { HostTerminal } = await import('./terminal');
  return new HostTerminal().size();
}
