import fs from 'node:fs';
import path from 'node:path';
import { unlessGone } from './unless-gone';

/** A file, or the directory that it was in. */
const GONE = ['ENOENT', 'ENOTDIR'];

/** A file of a rotated series, open for reading. */
export interface SeriesFile {
  fd: number;
  /** Device and inode: no other file's while it is open. */
  identity: string;
}

/** Files may move between two looks at them as often as that; each time the next look is right at hand. */
const ATTEMPTS = 1000;

/**
 * A file that grows at `<directory>/<name>` and is now and then renamed to `<name>.1`, after what was `<name>.1` became
 * `<name>.2` and so on; the last may be deleted. The renaming may go on at any moment: a file is known by its identity,
 * never by its name, and its neighbour counts only if the file itself was in its place before the neighbour was opened
 * and after. What is opened here is the caller's to close.
 */
export class RotatedFiles {
  constructor(
    readonly directory: string,
    readonly name: string,
  ) {}

  /** The file that grows, or where it was just renamed, that; undefined where there is none. */
  youngest(): SeriesFile | undefined {
    return this.outermost(0);
  }

  oldest(): SeriesFile | undefined {
    return this.outermost(-1);
  }

  /** The file that was begun when this one was renamed; where this one was deleted, the oldest. */
  next(file: SeriesFile): SeriesFile | undefined {
    return this.neighbour(file, -1);
  }

  /** The file that was renamed before this one was begun. */
  previous(file: SeriesFile): SeriesFile | undefined {
    return this.neighbour(file, +1);
  }

  /** @param which of the series: 0 the first, -1 the last */
  private outermost(which: 0 | -1): SeriesFile | undefined {
    return this.settled(() => {
      const index = this.indices().at(which);
      if (index === undefined) return { found: undefined };
      const file = this.open(index);
      // It may have moved on meanwhile, and another one have taken its place.
      if (file && this.indices().at(which) === index && this.isAt(index, file)) return { found: file };
      close(file);
      return undefined;
    });
  }

  private neighbour(file: SeriesFile, step: 1 | -1): SeriesFile | undefined {
    return this.settled(() => {
      if (fs.fstatSync(file.fd).nlink === 0) return { found: step === -1 ? this.oldest() : undefined };
      const at = this.indexOf(file);
      if (at === undefined) return undefined;
      // Not always the very next number: the renaming may stand half-way, for ever where the writer was killed.
      const index = this.nearest(at, step);
      const neighbour = index === undefined ? undefined : this.open(index);
      const isFound = index === undefined || neighbour !== undefined;
      if (isFound && this.isAt(at, file) && this.nearest(at, step) === index) return { found: neighbour };
      close(neighbour);
      return undefined;
    });
  }

  private nearest(at: number, step: 1 | -1): number | undefined {
    const indices = this.indices();
    return step === 1 ? indices.find(index => index > at) : indices.filter(index => index < at).at(-1);
  }

  /** Look until what was seen can be true of one moment. */
  private settled(look: () => { found: SeriesFile | undefined } | undefined): SeriesFile | undefined {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const seen = look();
      if (seen) return seen.found;
    }
    return undefined;
  }

  private indexOf(file: SeriesFile): number | undefined {
    return this.indices().find(index => this.isAt(index, file));
  }

  /** 0 is the file that grows. */
  private indices(): number[] {
    const names = unlessGone(() => fs.readdirSync(this.directory), GONE) ?? [];
    return names
      .map(name => this.indexIn(name))
      .filter(index => index !== undefined)
      .sort((one, other) => one - other);
  }

  private indexIn(name: string): number | undefined {
    if (name === this.name) return 0;
    if (!name.startsWith(`${this.name}.`)) return undefined;
    const suffix = name.slice(this.name.length + 1);
    return /^[1-9]\d{0,5}$/.test(suffix) ? Number(suffix) : undefined;
  }

  private isAt(index: number, file: SeriesFile): boolean {
    return (
      unlessGone(() => identityOf(fs.statSync(this.path(index), { bigint: true })), GONE) === file.identity
    );
  }

  private open(index: number): SeriesFile | undefined {
    const fd = unlessGone(() => fs.openSync(this.path(index), 'r'), GONE);
    return fd === undefined ? undefined : { fd, identity: identityOf(fs.fstatSync(fd, { bigint: true })) };
  }

  private path(index: number): string {
    return path.join(this.directory, index === 0 ? this.name : `${this.name}.${index}`);
  }
}

function identityOf({ dev, ino }: fs.BigIntStats): string {
  return `${dev}:${ino}`;
}

function close(file: SeriesFile | undefined): void {
  if (file) fs.closeSync(file.fd);
}
