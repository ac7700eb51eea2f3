import fs from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../common/directories';
import { errorCode, SkiffError } from '../common/errors';
import { unlessGone } from '../common/unless-gone';

const CLAIM_ATTEMPTS = 10;

/**
 * The names that containers of a root have, each one container's.
 *
 * A claim is a directory with the holder's id in it, put in place by one rename(2), which fails where a claim is.
 * Freeing it removes the file of one holder, so nobody can take away the claim that somebody else has just made.
 */
export class NameClaims {
  /**
   * @param directory where the claims are
   * @param containerOf a container's directory by its id
   */
  constructor(
    private readonly directory: string,
    private readonly containerOf: (id: string) => string,
  ) {}

  /**
   * Take a name, for as long as a container has it. The container's directory must be there.
   *
   * @throws SkiffError NAME_IN_USE that tells by whom
   */
  claim(name: string, id: string): void {
    makeDirectories(this.directory, 0o700);
    const claim = path.join(this.containerOf(id), 'name');
    makeDirectories(claim, 0o700);
    fs.writeFileSync(path.join(claim, id), '');
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
      try {
        return fs.renameSync(claim, this.claimOf(name));
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
      const holder = this.holderOf(name);
      if (holder === id) {
        // A rename was killed on its way: the name is there already.
        fs.rmSync(claim, { recursive: true, force: true });
        return;
      }
      // A container has its directory before its name and after it: a name without one was left by a killed process.
      if (holder !== undefined && !fs.existsSync(this.containerOf(holder))) this.free(name, holder);
      else if (holder !== undefined) throw nameInUse(name, holder);
    }
    throw nameInUse(name, 'another one');
  }

  /** Of a claim that is another container's, or of none, nothing happens. */
  free(name: string, id?: string): void {
    try {
      if (id !== undefined) fs.rmSync(path.join(this.claimOf(name), id), { force: true });
      fs.rmdirSync(this.claimOf(name));
    } catch (error) {
      if (!isTaken(error) && errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Whatever names a container has whose record cannot be read. */
  freeAllOf(id: string): void {
    for (const name of this.all()) if (this.holderOf(name) === id) this.free(name, id);
  }

  /** Every name that is taken, whether or not its holder is still there. */
  all(): string[] {
    return unlessGone(() => fs.readdirSync(this.directory)) ?? [];
  }

  /** The id of the container with that name. */
  holderOf(name: string): string | undefined {
    // ENOTDIR: somebody's file, not a claim.
    return unlessGone(() => fs.readdirSync(this.claimOf(name)), ['ENOENT', 'ENOTDIR'])?.[0];
  }

  /** What holds a name for a container, in the order of removal. */
  pathsOf(name: string, id: string): string[] {
    return [path.join(this.claimOf(name), id), this.claimOf(name)];
  }

  private claimOf(name: string): string {
    return path.join(this.directory, name);
  }
}

/** What stands at a name's place is a claim, or no directory. */
function isTaken(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errorCode(error) ?? '');
}

function nameInUse(name: string, holder: string): SkiffError {
  return new SkiffError(
    `the container name "${name}" is already in use by container ${holder.slice(0, 12)}`,
    {
      code: 'NAME_IN_USE',
      path: name,
      remedy: 'Remove that container, or take another name.',
    },
  );
}
