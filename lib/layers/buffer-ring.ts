/** Bytes of a chunk. */
export const CHUNK = 1 << 20;
/** One is read into, one is looked at, one is being written. */
const RING = 3;

/** The memory of chunks, taken in turn: the bytes of a whole archive would else wait for the garbage collector. */
export class BufferRing {
  private readonly buffers: Buffer[] = [];
  private taken = 0;

  next(): Buffer {
    const at = this.taken++ % RING;
    return (this.buffers[at] ??= Buffer.allocUnsafe(CHUNK));
  }
}
