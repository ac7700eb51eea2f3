import type { Readable } from 'node:stream';
import { openFiles, tarTree } from '../workspace';
import { filesOf, requireFiles } from './files';
import type { ContainerInfo } from './info';

/**
 * A flat tar of a container's whole file system, whether it runs or not. What is mounted in it (volumes, binds, /proc)
 * is left out, as Docker does: there is the empty directory.
 *
 * @returns a stream to be read to its end, or destroyed
 * @throws SkiffError
 */
export async function exportContainer(info: ContainerInfo): Promise<Readable> {
  await requireFiles(info);
  return tarTree({ what: 'export', name: info.name }, async held => ({
    top: await openFiles(filesOf(info), held),
    shown: '',
  }));
}
