import type { NativeLast, NativeLastWork } from './removal';

/** How a process ended, waitid(2) and getrusage(2). */
export interface ExitStatus {
  /** Exit code, or null where a signal ended it. */
  code: number | null;
  /** Number of the signal, or null. */
  signal: number | null;
  /** CPU time of it and of the children that it waited for, in µs. */
  cpuUs: number;
  /** Peak resident memory of the largest of these processes, in bytes. */
  maxRssBytes: number;
  /** When it was reaped, in ns of CLOCK_MONOTONIC. */
  endedNs: number;
}

/**
 * Errors of all of these are `Error`s with `code` (the errno's name), `errno`, `syscall`, `path` and `step`. Every
 * descriptor they return is O_CLOEXEC and belongs to the caller, who gives it back with `close` or, after handing
 * it to a stream, with `release`; what is left is closed when the environment (a worker thread) ends.
 */
export interface ProcessNative {
  /** The init's program in a sealed memfd, so that no container can ever write to the file on disk; memfd_create(2). */
  openInit(options: { path: string }): number;
  /** 64 hexadecimal digits of the kernel's random source, getrandom(2). */
  randomId(): string;
  /** A process with the init's program beside this one, which its argv[0] tells what to do; csrc/init/main.c. */
  startCompanion(options: {
    init: number;
    name: string;
  }): Promise<{ pid: number; pidfd: number; pipe: number }>;
  /** The watchdog kills that process when this one is gone. */
  guard(options: { pipe: number; pidfd: number }): void;
  /** The watchdog restores that terminal to that mode, from `terminalMode`, when this process is gone. */
  guardTerminal(options: { pipe: number; terminal: number; mode: Buffer }): void;
  /** The terminal is as it was; the watchdog forgets it. */
  forgetTerminal(options: { pipe: number }): void;
  /** Calls back once, when the process (and for PID 1 of a PID namespace: every process of it) is gone. Takes the
   * pidfd over. A `background` watch does not keep the event loop alive. `last` is done before that, for a
   * container's init. */
  watchExit(
    options: { pidfd: number; background?: boolean; last?: NativeLastWork },
    onExit: (status: ExitStatus, last?: NativeLast) => void,
  ): void;
  /** Threads that wait for the ends of containers and do what follows them, until `stopReaper`. It has two descriptors. */
  startReaper(): number;
  /** After the last that it waits for. */
  stopReaper(options: { reaper: number }): void;
  /** pidfd_send_signal(2); false where the process is gone. */
  sendSignal(options: { pidfd: number; signal: number }): boolean;
  /** A pipe: `[read end, write end]`. */
  pipe(): [number, number];
  /**
   * Lock a file until its descriptor is closed or its process ends, flock(2); several may have it where it is not
   * `exclusive`. Does not wait: false where another has it.
   */
  tryLock(options: { fd: number; exclusive: boolean }): boolean;
  /** /dev/null for reading and writing. */
  openNull(): number;
  /** A terminal's window size. */
  setWindowSize(options: { terminal: number; rows: number; columns: number }): void;
  /** A terminal's struct termios, tcgetattr(3). */
  terminalMode(options: { terminal: number }): Buffer;
  /** Put a terminal into raw mode (cfmakeraw(3)) and return what it was, for `restoreMode`. */
  setRawMode(options: { terminal: number }): Buffer;
  restoreMode(options: { terminal: number; mode: Buffer }): void;
  /**
   * Become another program, execve(2): returns on failure only, by throwing. The standard streams stay open.
   *
   * @param options.args with the name it is called by
   * @param options.env `NAME=value`
   */
  execute(options: { path: string; args: readonly string[]; env: readonly string[] }): never;
  close(options: { fds: number[] }): void;
  release(options: { fds: number[] }): void;
}
