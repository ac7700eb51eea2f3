import type { Readable } from 'node:stream';
import { containerChanges, type FileChange } from './changes';
import {
  copyArchiveIn,
  copyIn,
  copyOut,
  copyToHost,
  type Copied,
  type CopiedOut,
  type CopyOptions,
} from './copy';
import { exportContainer } from './export';
import type { FilesContext } from './files';
import type { ContainerInfo } from './info';

/** Ways into a container's file system and out of it, whether it runs or not. */
export class FileAccess {
  constructor(
    private readonly context: FilesContext,
    readonly info: ContainerInfo,
  ) {}

  /** In what it differs from its image; see {@link containerChanges}. */
  changes(): AsyncGenerator<FileChange> {
    return containerChanges(this.info);
  }

  /** A flat tar of all of it; see {@link exportContainer}. */
  export(): Promise<Readable> {
    return exportContainer(this.info);
  }

  /** A tar of one file or directory of it; see {@link copyOut}. */
  copyOut(source: string, options?: CopyOptions): Promise<CopiedOut> {
    return copyOut(this.context, this.info, source, options);
  }

  /** Copy one file or directory of it to the host; see {@link copyToHost}. */
  copyToHost(source: string, destination: string, options?: CopyOptions): Promise<Copied> {
    return copyToHost(this.context, this.info, source, destination, options);
  }

  /**
   * Copy into it.
   *
   * @param source a path of the host, or a tar
   * @param destination path in the container; of a directory, for a tar
   */
  copyIn(source: string | Readable, destination: string, options?: CopyOptions): Promise<Copied> {
    return typeof source === 'string'
      ? copyIn(this.context, this.info, source, destination, options)
      : copyArchiveIn(this.context, this.info, source, destination, options);
  }
}
