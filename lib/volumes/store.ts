import fs from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../common/directories';
import { errorCode } from '../common/errors';
import { unlessGone } from '../common/unless-gone';
import { native } from '../native';
import { noSuchVolume, volumeBusy, volumeFailure, volumeInUse } from './errors';
import { lockVolume, type LockOptions, type VolumeLock } from './lock';
import { DATA, readVolume, writeMeta, type Volume } from './meta';
import { isAbandoned, OwnedNames, parseOwnedName, type OwnedName } from './owned-names';

/** What a volume is created with. */
export interface NewVolume {
  name: string;
  labels?: Record<string, string>;
  options?: Record<string, string>;
  anonymous?: boolean;
}

/** Ids of the containers that name a volume. */
export type UsersOf = (name: string) => string[];

/**
 * The volumes of one root directory: `<root>/volumes/<name>/` with `_data` and `meta.json`.
 *
 * A volume is made under a name that tells its maker and gets its own by one rename; it loses it the same way. So there is
 * never half a volume, and what a killed process left is told by its name. A volume's lock, flock(2) on its directory, is
 * held shared while a container that names it is being made, and exclusively to remove it or to fill it.
 */
export class VolumeStore {
  readonly directory: string;
  private readonly owned = new OwnedNames();

  constructor(root: string) {
    this.directory = path.join(root, 'volumes');
  }

  find(name: string): Volume | undefined {
    return name.startsWith('.') || name.includes('/') ? undefined : readVolume(this.directory, name);
  }

  /** @throws SkiffError VOLUME_NOT_FOUND */
  get(name: string): Volume {
    const volume = this.find(name);
    if (!volume) throw noSuchVolume(name);
    return volume;
  }

  /** All of them, by name. */
  list(): Volume[] {
    return this.entries()
      .filter(name => !name.startsWith('.'))
      .sort()
      .map(name => readVolume(this.directory, name))
      .filter(volume => volume !== undefined);
  }

  /** A name for a volume that nobody names. */
  newName(): string {
    return native().randomId();
  }

  /** Path of a directory to be made beside the volumes, for as long as this process lives. */
  temporary(): string {
    return path.join(this.directory, this.owned.of('tmp'));
  }

  /** Where what a volume holds is, be it there or not. */
  mountpointOf(name: string): string {
    return this.find(name)?.mountpoint ?? path.join(this.directory, name, DATA);
  }

  /**
   * Make a volume; one that is there already stays as it is. It is on disk when this returns, but an anonymous one, which
   * goes with its container.
   *
   * @param volume with a name that was checked
   * @throws SkiffError where it could not be made; nothing is left then
   */
  create({ name, labels = {}, options = {}, anonymous = false }: NewVolume): Volume {
    const found = this.find(name);
    if (found) return found;
    makeDirectories(this.directory, 0o711);
    const temporary = this.temporary();
    const sync = !anonymous;
    try {
      fs.mkdirSync(temporary, 0o700);
      const data = path.join(temporary, DATA);
      fs.mkdirSync(data);
      fs.chmodSync(data, 0o755);
      writeMeta(temporary, { created: Date.now(), labels, options, anonymous }, { sync });
      if (sync) syncDirectory(temporary);
      fs.renameSync(temporary, path.join(this.directory, name));
      if (sync) syncDirectory(this.directory);
    } catch (error) {
      fs.rmSync(temporary, { recursive: true, force: true });
      // Somebody else was quicker.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? ''))
        throw volumeFailure('create', name, this.directory, error);
    }
    return this.get(name);
  }

  /** See {@link lockVolume}; undefined where there is no such volume. */
  lock(name: string, how: LockOptions = {}): Promise<VolumeLock | undefined> {
    return lockVolume(path.join(this.directory, name), name, how);
  }

  /** A copy was begun, or may be: it is to be filled with what the image has, or filled to the end. */
  isUnfilled(name: string): boolean {
    const directory = path.join(this.directory, name);
    return (
      fs.existsSync(path.join(directory, '.copied')) ||
      fs.readdirSync(path.join(directory, DATA)).length === 0
    );
  }

  /**
   * Remove a volume with all it holds.
   *
   * @param usersOf asked while nobody can begin to use it
   * @param options.wait false: not for somebody who is at work on it
   * @throws SkiffError VOLUME_NOT_FOUND, VOLUME_IN_USE, VOLUME_BUSY
   */
  async remove(name: string, usersOf: UsersOf, { wait = true } = {}): Promise<void> {
    if (!this.find(name)) throw noSuchVolume(name);
    // Before the lock, too: one after the other, starts can hold it for long.
    const check = () => requireUnused(name, usersOf);
    const lock = await this.lock(name, { wait, check });
    if (!lock) throw noSuchVolume(name);
    try {
      check();
      await this.removeDirectory(path.join(this.directory, name));
    } catch (error) {
      throw errorCode(error) === 'VOLUME_IN_USE'
        ? error
        : volumeFailure('remove', name, this.directory, error);
    } finally {
      lock.release();
    }
  }

  private async removeDirectory(directory: string): Promise<void> {
    const temporary = this.temporary();
    fs.renameSync(directory, temporary);
    try {
      await native().removeTrees({ paths: [temporary] });
    } catch (error) {
      // Somebody has mounted something in it: what is left keeps its name, so that its removal can be tried again.
      fs.renameSync(temporary, directory);
      throw error;
    }
  }

  /** This process will remove the volume: where it is killed before, the next {@link sweep} does. */
  claim(name: string): void {
    makeDirectories(this.directory, 0o711);
    fs.writeFileSync(path.join(this.directory, this.owned.of('claim', name)), '');
  }

  /** The volume stays, or is gone. */
  disclaim(name: string): void {
    fs.rmSync(path.join(this.directory, this.owned.of('claim', name)), { force: true });
  }

  /**
   * Remove what processes that are gone have left half-made, half-removed, or claimed.
   *
   * @param isKept a container that stays has the volume: whoever claimed it was killed when that was settled, or undecided
   */
  async sweep(usersOf: UsersOf, isKept: (name: string) => boolean): Promise<void> {
    const abandoned = this.entries()
      .map(name => ({ name, owned: parseOwnedName(name) }))
      .filter((entry): entry is { name: string; owned: OwnedName } => isLeft(entry.owned));
    const at = (name: string) => path.join(this.directory, name);
    const halves = abandoned.filter(({ owned }) => owned.kind === 'tmp');
    if (halves.length > 0) await native().removeTrees({ paths: halves.map(({ name }) => at(name)) });
    for (const { name, owned } of abandoned) {
      if (owned.kind !== 'claim') continue;
      if (!isKept(owned.subject)) {
        // What a container still names goes with that, or after it.
        if (usersOf(owned.subject).length > 0) continue;
        await this.removeClaimed(owned.subject, usersOf);
      }
      fs.rmSync(at(name), { force: true });
    }
  }

  /** Remove a volume if nobody uses it: another process may be just about to, or be removing it. */
  private async removeClaimed(name: string, usersOf: UsersOf): Promise<void> {
    try {
      await this.remove(name, usersOf, { wait: false });
    } catch (error) {
      const isFine = ['VOLUME_NOT_FOUND', 'VOLUME_IN_USE', volumeBusy(name).code];
      if (!isFine.includes(errorCode(error) ?? '')) throw error;
    }
  }

  private entries(): string[] {
    return unlessGone(() => fs.readdirSync(this.directory)) ?? [];
  }
}

function requireUnused(name: string, usersOf: UsersOf): void {
  const users = usersOf(name);
  if (users.length > 0) throw volumeInUse(name, users);
}

function isLeft(owned: OwnedName | undefined): boolean {
  return owned !== undefined && isAbandoned(owned);
}

function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
