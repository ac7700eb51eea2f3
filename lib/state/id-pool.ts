import fs from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../common/directories';
import { errorCode, SkiffError } from '../common/errors';
import { isShared, type IdRange } from '../common/id-range';
import { isAlive, type ProcessIdentity } from '../common/identity';
import { unlessGone } from '../common/unless-gone';

/** Ids of the host that containers may have. */
export interface IdSupply {
  uid: number;
  gid: number;
  count: number;
}

/** How many ids of a supply a container is to have. */
export interface WantedIds {
  count: number;
  supply: IdSupply;
}

/**
 * The ranges of ids that containers have for themselves. A place that is taken is a symbolic link which tells by whom:
 * made by one call that fails where there is one, so that no lock is needed, and read by one.
 */
export class IdPool {
  /**
   * @param directory of the links, each named by the first uid of its place; made at need
   * @param place how many ids one has: a container has one place, or several in a row
   */
  constructor(
    private readonly directory: string,
    private readonly place: number,
  ) {}

  /**
   * Take a range for a container.
   *
   * @param wanted how many ids, and where they are cut out of
   * @param owner the process that makes the container
   * @throws SkiffError NO_IDS where all are taken, or there are not so many
   */
  claim(id: string, { count, supply }: WantedIds, owner: ProcessIdentity): IdRange {
    const places = Math.floor(supply.count / this.place);
    const wanted = Math.ceil(count / this.place);
    // Of two roots on one machine none knows of the other's: beginning anywhere, they seldom meet.
    const start = places > 0 ? Number.parseInt(id.slice(0, 8), 16) % places : 0;
    for (let step = 0; step < places; step += 1) {
      const place = (start + step) % places;
      const range = { uid: supply.uid + place * this.place, gid: supply.gid + place * this.place, count };
      if (place + wanted <= places && this.take(range, toText(id, owner))) return range;
    }
    throw new SkiffError(`cannot find ${count} ids for the container: all ${supply.count} are taken`, {
      code: 'NO_IDS',
      remedy:
        'Remove containers that have ids of their own, or give the user skiff (without root: your own) more in /etc/subuid and /etc/subgid.',
    });
  }

  /** Give back what a container has; of what is another's, or of none, nothing happens. */
  free(id: string, range: IdRange): void {
    for (const link of this.paths(range)) {
      if (this.holder(link)?.id === id) remove(link);
    }
  }

  /** What holds a range, for those who remove a container without this. */
  paths(range: IdRange): string[] {
    if (isShared(range)) return [];
    const { uid, count } = range;
    const places = Math.ceil(count / this.place);
    return Array.from({ length: places }, (_, index) =>
      path.join(this.directory, String(uid + index * this.place)),
    );
  }

  /**
   * Give back what killed processes left.
   *
   * @param isThere whether there is anything of that container
   */
  sweep(isThere: (id: string) => boolean): void {
    for (const name of this.names()) {
      const link = path.join(this.directory, name);
      const holder = this.holder(link);
      if (holder && !isThere(holder.id) && !isAlive(holder.owner)) remove(link);
    }
  }

  private take(range: IdRange, text: string): boolean {
    const taken: string[] = [];
    for (const file of this.paths(range)) {
      if (!this.link(file, text)) {
        for (const link of taken) remove(link);
        return false;
      }
      taken.push(file);
    }
    return true;
  }

  private link(file: string, text: string): boolean {
    try {
      fs.symlinkSync(text, file);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    makeDirectories(this.directory, 0o700);
    return this.link(file, text);
  }

  private names(): string[] {
    return unlessGone(() => fs.readdirSync(this.directory)) ?? [];
  }

  private holder(link: string): { id: string; owner: ProcessIdentity } | undefined {
    // EINVAL: somebody's file, no link.
    const text = unlessGone(() => fs.readlinkSync(link), ['ENOENT', 'EINVAL']);
    if (text === undefined) return undefined;
    const [id = '', pid, startTime, boot = '', pidNamespace = ''] = text.split('.');
    return { id, owner: { pid: Number(pid), startTime: Number(startTime), bootId: boot, pidNamespace } };
  }
}

function remove(link: string): void {
  unlessGone(() => fs.unlinkSync(link));
}

function toText(id: string, { pid, startTime, bootId, pidNamespace }: ProcessIdentity): string {
  return [id, pid, startTime, bootId, pidNamespace].join('.');
}
