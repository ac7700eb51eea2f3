import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode } from '../common/errors';

/** What was kept of a stream, and whether more came. */
export interface Collected {
  bytes: Buffer;
  truncated: boolean;
}

/**
 * Read a stream to its end and keep its beginning.
 *
 * @param limit bytes to keep; the rest is read and dropped, so that the writer is not held up
 * @param onBytes told how many came
 */
export async function collect(
  stream: Readable | null,
  limit: number,
  onBytes: (count: number) => void = () => undefined,
): Promise<Collected> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  if (!stream) return { bytes: Buffer.alloc(0), truncated };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    onBytes(chunk.length);
    const room = limit - kept;
    if (chunk.length > room) truncated = true;
    if (room > 0) chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    kept += Math.min(room, chunk.length);
  }
  return { bytes: Buffer.concat(chunks), truncated };
}

/** Write the input and end it. A command that does not want all of it is no failure. */
export async function feed(stdin: Writable | null, input: string | Uint8Array | Readable): Promise<void> {
  if (!stdin) return;
  if (typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input);
    return;
  }
  try {
    await pipeline(input, stdin);
  } catch (error) {
    if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes(errorCode(error) ?? '')) throw error;
  }
}
