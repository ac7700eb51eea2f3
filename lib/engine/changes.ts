import { comparison, treeChanges } from '../workspace';
import { filesOf, requireFiles } from './files';
import type { ContainerInfo } from './info';

/** Something in which a container's file system differs from its image. */
export interface FileChange {
  /** Against the image. */
  kind: 'added' | 'changed' | 'deleted';
  /** Absolute; bytes that are not UTF-8 are replaced. */
  path: string;
  /** The same, byte for byte. */
  pathBytes: Buffer;
}

const KINDS = { A: 'added', C: 'changed', D: 'deleted' } as const;

/**
 * In what a container's file system differs from its image, whether it runs or not: Docker's rules. A directory counts
 * as changed with anything in it; of a deleted directory only itself is told; a directory's own time is not looked at.
 * Parents come before what is in them, names in the order of their bytes.
 *
 * @throws SkiffError
 */
export async function* containerChanges(info: ContainerInfo): AsyncGenerator<FileChange> {
  await requireFiles(info);
  const subject = { what: 'diff', name: info.name };
  for await (const batch of treeChanges(subject, held => comparison(filesOf(info), held))) {
    for (const { kind, path } of batch) {
      const pathBytes = Buffer.concat([Buffer.from('/'), path]);
      yield { kind: KINDS[kind], path: pathBytes.toString('utf8'), pathBytes };
    }
  }
}
