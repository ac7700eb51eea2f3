import os from 'node:os';
import type { Readable } from 'node:stream';
import { toHostIds, type IdRange, type Ids } from '../common/id-range';
import { EntryBatch, writeArchive } from '../layers/entry-batch';
import { tooLarge } from '../layers/errors';
import { StreamSource, tapped, tarChunks } from '../layers/source';
import { tarEntry } from '../layers/tar-entries';
import type { TarVisitor } from '../layers/tar-parser';
import { native } from '../native';

export type Owner = Ids;

export interface ReceiveOptions {
  /** O_PATH descriptor of the directory that it is unpacked into; others may be at work there. */
  directory: number;
  /** Whose everything is to be; undefined: as the archive says. */
  owner?: Owner;
  /** The directory is seen from outside of a user namespace with these ids: what comes gets them. */
  into?: IdRange;
  /** Bytes of the uncompressed archive at most; no limit where not given. */
  maxBytes?: number;
}

/**
 * Unpack a tar, plain or compressed, into a directory that is in use: of a running container, or of the host. What is
 * there stays where the archive does not replace it; a directory is not replaced by what is none, nor the other way
 * round. No name and no link leads out of the directory. The directory itself stays as it is.
 *
 * @returns bytes of the archive, as they came
 * @throws SkiffError UNSAFE_TAR, BROKEN_TAR, TOO_LARGE; an errno's name with the entry as path, EISDIR and ENOTDIR among them
 */
export async function receiveTar(archive: Readable, options: ReceiveOptions): Promise<number> {
  let bytes = 0;
  const source = tapped(new StreamSource(archive), { onBytes: length => (bytes += length) });
  const batch = new EntryBatch(os.tmpdir());
  const { directory, maxBytes = Infinity } = options;
  const root = `/proc/self/fd/${directory}`;
  let unpacked = 0;
  await writeArchive(tarChunks(source), {
    visitor: visitorFor(batch, options),
    batch,
    arrived(chunk) {
      unpacked += chunk.length;
      if (unpacked > maxBytes) throw tooLarge(maxBytes);
    },
    write: entries => native().unpack({ root, entries, keepKinds: true, ids: options.into }),
  });
  return bytes;
}

/** Makes of what the parser tells what is to be written. */
function visitorFor(batch: EntryBatch, { owner, into }: ReceiveOptions): TarVisitor {
  const ownerOf = (told: Ids) => {
    const ids = owner ?? told;
    return into ? toHostIds(ids, into) : ids;
  };
  return {
    entry(header) {
      const { name, write } = tarEntry(header);
      if (name !== '')
        batch.add(name, { ...write, ...ownerOf({ uid: write.uid ?? 0, gid: write.gid ?? 0 }) }, header.size);
    },
    content: (data, offset) => batch.content(data, offset),
    end: () => batch.end(),
  };
}
