import type { Readable } from 'node:stream';
import type { StoredImage } from '../image/catalog';
import type { ImageStore } from '../image/store';
import { appendEvent } from '../state';
import { containerChanges, type FileChange } from './changes';
import { commitContainer, type CommitOptions, type Freezer } from './commit';
import {
  copyArchiveIn,
  copyIn,
  copyOut,
  copyToHost,
  type Copied,
  type CopyArchiveOptions,
  type CopiedOut,
  type CopyOptions,
} from './copy';
import { exportContainer } from './export';
import type { FilesContext } from './files';
import type { ContainerInfo } from './info';

/** What {@link FileAccess} works with. */
export interface FileAccessContext extends FilesContext {
  images: ImageStore;
  /** Holds running containers while they are committed; where it is missing, they go on. */
  freezer?: Freezer;
}

/** Ways into a container's file system and out of it, whether it runs or not. */
export class FileAccess {
  constructor(
    private readonly context: FileAccessContext,
    readonly info: ContainerInfo,
  ) {}

  /** In what it differs from its image; see {@link containerChanges}. */
  changes(): AsyncGenerator<FileChange> {
    return containerChanges(this.info);
  }

  /** A flat tar of all of it; see {@link exportContainer}. */
  async export(): Promise<Readable> {
    const stream = await exportContainer(this.info);
    this.tell('export');
    return stream;
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
  copyIn(source: string | Readable, destination: string, options?: CopyArchiveOptions): Promise<Copied> {
    return typeof source === 'string'
      ? copyIn(this.context, this.info, source, destination, options)
      : copyArchiveIn(this.context, this.info, source, destination, options);
  }

  /** An image of it; see {@link commitContainer}. */
  async commit(options: CommitOptions = {}): Promise<StoredImage> {
    const image = await commitContainer(this.context, this.info, options);
    const { ref, message } = options;
    this.tell('commit', {
      imageID: image.id,
      ...(ref && { imageRef: ref }),
      ...(message && { comment: message }),
    });
    return image;
  }

  /** What happened, for `events`. */
  private tell(action: string, more: Record<string, string> = {}): void {
    const { id, name, image, labels } = this.info;
    const attributes = { ...labels, image, name, ...more };
    appendEvent(this.context.images.root, { type: 'container', action, id, attributes });
  }
}
