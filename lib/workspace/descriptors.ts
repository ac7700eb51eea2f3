import { native } from '../native';

/** Descriptors with one owner, and what else is to be undone with them. */
export class Descriptors {
  private fds: number[] = [];
  private undo: (() => Promise<void>)[] = [];

  /** Own one more. */
  hold(fd: number): number {
    this.fds.push(fd);
    return fd;
  }

  onClose(undo: () => Promise<void>): void {
    this.undo.push(undo);
  }

  async close(): Promise<void> {
    const { fds, undo } = this;
    this.fds = [];
    this.undo = [];
    if (fds.length > 0) native().close({ fds });
    for (const step of undo.reverse()) await step();
  }
}

/** Run `work` with descriptors that are closed at its end, however it ends. */
export async function withDescriptors<T>(work: (held: Descriptors) => Promise<T>): Promise<T> {
  const held = new Descriptors();
  try {
    return await work(held);
  } finally {
    await held.close();
  }
}
