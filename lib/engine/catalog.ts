import { detectCgroups } from '../cgroup';
import { errorCode, SkiffError } from '../common/errors';
import { ContainerStore } from '../state';
import type { ContainerInfo } from './info';
import { inspectContainer, listContainers, type ListOptions } from './list';
import type { Keeping } from './managed';
import { rootDirectory } from './root';

const MANY = 200;

/**
 * The containers of a root, to look at: nothing is probed, opened or made for it, as for a Skiff that starts some.
 */
export class Catalog {
  readonly root: string;
  private readonly keeping: Keeping;

  /** @param root as for {@link Skiff.open} */
  constructor({ root }: { root?: string } = {}) {
    this.root = rootDirectory(root);
    this.keeping = {
      store: new ContainerStore(this.root),
      // Needed only where something is to be brought to its end.
      get cgroups() {
        return detectCgroups();
      },
    };
  }

  /** There are so many containers that to list them takes longer than all else of a command; where it can be told. */
  get isLong(): boolean {
    return this.keeping.store.roughCount >= MANY;
  }

  /**
   * All containers, the newest first.
   *
   * @throws SkiffError EACCES where the root is another user's
   */
  list(options?: ListOptions): Promise<ContainerInfo[]> {
    return this.readable(async () => listContainers(this.keeping, options));
  }

  /**
   * @param reference a name, an id or the beginning of an id
   * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS, EACCES
   */
  inspect(reference: string): Promise<ContainerInfo> {
    return this.readable(async () => inspectContainer(reference, this.keeping));
  }

  private async readable<T>(look: () => Promise<T>): Promise<T> {
    try {
      return await look();
    } catch (cause) {
      const code = errorCode(cause);
      if (SkiffError.is(cause) || (code !== 'EACCES' && code !== 'ENOTDIR')) throw cause;
      const reason = code === 'EACCES' ? 'permission denied' : 'not a directory';
      throw new SkiffError(`cannot read the root directory: ${this.root}: ${reason}`, {
        code,
        path: this.root,
        remedy: 'Choose the directory of your containers: --root DIR or SKIFF_ROOT.',
        cause,
      });
    }
  }
}
