import { Readable } from 'node:stream';
import { errorCode } from '../common/errors';
import { native, type NativeChange, type NativeTree, type NativeTreeOptions } from '../native';
import { Descriptors } from './descriptors';
import { workspaceError } from '../layers/errors';

/** Bytes of tar made at once. */
const CHUNK = 256 * 1024;

/** What a walk is about, for errors: `export`, and the container. */
export interface TreeSubject {
  what: string;
  name: string;
}

/** What the walk's descriptors are opened with; they are held until the walk ends. */
export type OpenTree = (held: Descriptors) => Promise<NativeTreeOptions>;

/**
 * A tar of a tree, made as it is read. Headers are ustar with pax records where that cannot say all: long names and
 * names that are not UTF-8 (`hdrcharset=BINARY`), large ids and sizes, nanoseconds, attributes as `SCHILY.xattr.*`.
 * Hard links are kept, sockets are left out, holes become zeroes. Directories come before what is in them, names in the
 * order of their bytes. A file that shrinks while it is read is filled up with zeroes, one that grows is cut.
 *
 * Whoever asked for it reads it to its end or destroys it.
 *
 * @returns when the tree is open; errors of reading, with the path, come from the stream
 */
export async function tarTree(subject: TreeSubject, open: OpenTree): Promise<Readable> {
  const held = new Descriptors();
  try {
    const options = await open(held);
    const tree = await native().openTree({ ...options, tar: true });
    return new TarStream(subject, tree, held);
  } catch (error) {
    await held.close();
    throw treeError(subject, error);
  }
}

/** Batches of what differs: parents before what is in them, in the order of the names' bytes. */
export async function* treeChanges(subject: TreeSubject, open: OpenTree): AsyncGenerator<NativeChange[]> {
  const held = new Descriptors();
  let tree: NativeTree | undefined;
  try {
    tree = await native().openTree(await open(held));
    for (let ended = false; !ended;) {
      const batch = await native().readChanges({ tree });
      ended = batch.ended;
      yield batch.changes;
    }
  } catch (error) {
    throw treeError(subject, error);
  } finally {
    if (tree) await native().closeTree({ tree });
    await held.close();
  }
}

class TarStream extends Readable {
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly subject: TreeSubject,
    private readonly tree: NativeTree,
    private readonly held: Descriptors,
  ) {
    super({ highWaterMark: CHUNK });
  }

  override _read(): void {
    this.reading = this.fill().catch((error: unknown) => {
      // What was being read when it was destroyed was for nobody.
      if (!this.destroyed) this.destroy(treeError(this.subject, error));
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.release().then(
      () => done(error),
      (second: Error) => done(error ?? second),
    );
  }

  private async fill(): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    for (;;) {
      const { bytes, ended } = await native().readTar({ tree: this.tree, buffer });
      if (this.destroyed) return;
      if (bytes > 0) this.push(buffer.subarray(0, bytes));
      if (ended) this.push(null);
      if (bytes > 0 || ended) return;
    }
  }

  private async release(): Promise<void> {
    await native().closeTree({ tree: this.tree });
    await this.reading;
    await this.held.close();
  }
}

function treeError({ what, name }: TreeSubject, error: unknown): Error {
  const { path } = error as { path?: string };
  if (errorCode(error) === 'EILSEQ')
    return workspaceError(
      `${what} ${name}`,
      path ?? '',
      'a name that begins with .wh. cannot stand in a layer',
      {
        code: 'EILSEQ',
        cause: error,
        remedy: 'Give it another name: in a layer it would mean that a file is deleted.',
      },
    );
  if (errorCode(error) === 'ESTALE')
    return workspaceError(`${what} ${name}`, path ?? '', 'a directory was moved while it was read', {
      code: 'ESTALE',
      cause: error,
    });
  return workspaceError(what, name, error);
}
