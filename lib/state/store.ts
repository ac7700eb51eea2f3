import fs from 'node:fs';
import { makeDirectories } from '../common/directories';
import { errorCode, SkiffError } from '../common/errors';
import { identify, isAlive, type ProcessIdentity } from '../common/identity';
import { isRootless } from '../common/rootless';
import { unlessGone } from '../common/unless-gone';
import { withMembers } from '../common/with-members';
import { isRecord } from './check-record';
import { IdPool } from './id-pool';
import { NameClaims } from './names';
import { RECORD_FILE, statePaths } from './paths';
import { BATCH, readAhead } from './read-ahead';
import type { NativeDirectory } from '../native';
import { RECORD_VERSION, type ContainerRecord, type RecordedMount } from './record';

/** A container's directory as found on disk. */
export type FoundContainer =
  | { kind: 'record'; id: string; record: ContainerRecord }
  /** Half-made by a process that is gone, or a record that a power cut left unreadable. */
  | { kind: 'broken'; id: string; directory: string }
  /** Written by a later skiff: not ours to touch. */
  | { kind: 'future'; id: string };

type Paths = ReturnType<typeof statePaths>;

/** Of a container that is being made, or removed; of one that is made before it is asked for. What follows is the maker. */
const NEW_PREFIX = '.new-';
const AHEAD_PREFIX = '.ahead-';
const PREFIXES = /^\.(new|ahead)-/;
/** Ids of one place for those of {@link IdPool}: a user has about as many in all as root gives to one container. */
const PLACE = { ofRoot: 65_536, ofUser: 1024 };
/** Spaces that the addon writes over, csrc/core/directory.h. */
const INIT_ROOM = ' '.repeat(40);
/** One object for all reads: of a bare 'utf8' Node makes a new one each time. */
const AS_TEXT = { encoding: 'utf8', flag: 'r' } as const;

/**
 * The containers of one root directory.
 *
 * A directory is made under a name that tells its maker (pid, start time, boot) and renamed when its record is
 * written, so at every instant a later command can tell what a killed one left: nothing exists without an owner.
 */
export class ContainerStore {
  private readonly paths: Paths;
  /** This process, whose containers end with it. */
  readonly owner: ProcessIdentity;
  private readonly maker: string;
  private readonly mountTexts = new WeakMap<readonly RecordedMount[], string>();
  readonly names: NameClaims;
  /** Ids of the host that containers have for themselves. */
  readonly ids: IdPool;

  constructor(readonly root: string) {
    this.paths = statePaths(root);
    this.ids = new IdPool(this.paths.ids, isRootless() ? PLACE.ofUser : PLACE.ofRoot);
    this.names = new NameClaims(this.paths.names, this.paths.container);
    this.owner = identify(process.pid) ?? fail();
    const { pid, startTime, bootId, pidNamespace } = this.owner;
    this.maker = `${pid}.${startTime}.${bootId}.${pidNamespace}.`;
  }

  directory(id: string): string {
    return this.paths.container(id);
  }

  /**
   * What the directory of a new container is made of. The record is written once, and who its init is into the room that
   * it has for that at its end; of a detached container the monitor tells.
   *
   * @param isAhead it is there already, but for the record
   */
  plan(record: ContainerRecord, isAhead = false): NativeDirectory {
    const json = this.textOf(record);
    return {
      unfinished: isAhead ? this.ahead(record.id) : this.unfinished(record.id),
      path: this.directory(record.id),
      record: record.detached ? json : `${json.slice(0, -1)},"started":"${INIT_ROOM}"}`,
      prepared: isAhead,
    };
  }

  /** As JSON; what it says of its mounts, of which there may be a thousand, is made once where it comes again. */
  private textOf(record: ContainerRecord): string {
    const { mounts } = record;
    if (!mounts) return JSON.stringify(record);
    const known = this.mountTexts.get(mounts) ?? JSON.stringify(mounts);
    this.mountTexts.set(mounts, known);
    return `${JSON.stringify(withMembers(record, { mounts: undefined })).slice(0, -1)},"mounts":${known}}`;
  }

  /**
   * Begin to remove a container: at once it is there no more, and where this process is killed, the next command removes
   * the rest.
   *
   * @returns where its directory is now; undefined where somebody else was quicker
   */
  beginRemoval(id: string): string | undefined {
    const directory = this.unfinished(id);
    return unlessGone(() => {
      fs.renameSync(this.directory(id), directory);
      return directory;
    });
  }

  /** It could not be removed: it is as it was found, so that somebody can try again. */
  giveUpRemoval(id: string): void {
    fs.renameSync(this.unfinished(id), this.directory(id));
  }

  private unfinished(id: string): string {
    return `${this.paths.containers}/${NEW_PREFIX}${this.maker}${id}`;
  }

  /** Where the directory of a container is that is made before it is asked for, or left by another one. */
  ahead(id: string): string {
    return `${this.paths.containers}/${AHEAD_PREFIX}${this.maker}${id}`;
  }

  /** The directory of containers, where somebody took it away since this root was opened. */
  makeRoot(): void {
    makeDirectories(this.paths.containers, 0o711);
  }

  /**
   * Replace the record, whole. It is not synced to disk: what a power cut spoils belongs to a container that the same
   * power cut ended, and is removed as broken.
   */
  update(record: ContainerRecord): void {
    const file = this.paths.record(record.id);
    fs.writeFileSync(`${file}.tmp`, JSON.stringify(record), { mode: 0o600 });
    fs.renameSync(`${file}.tmp`, file);
  }

  /** Every container of this root, but those that a living process is just making. */
  list(): FoundContainer[] {
    return this.lookAt(this.entries());
  }

  /** The same a few at a time: of a thousand, what is not kept is gone before the next are looked at. */
  async *batches(): AsyncGenerator<FoundContainer[], void, undefined> {
    const entries = this.entries();
    if (entries.length <= BATCH) return yield this.lookAt(entries);
    const isFinished = (entry: string) => !PREFIXES.test(entry);
    yield this.lookAt(entries.filter(entry => !isFinished(entry)));
    for await (const batch of readAhead(this.paths.containers, entries.filter(isFinished), RECORD_FILE)) {
      yield present(
        batch.map(({ id, value }) => (value === undefined ? this.look(id) : this.found(id, value))),
      );
    }
  }

  /** About how many there are, without reading the directory: 0 where its file system does not count links, as btrfs. */
  get roughCount(): number {
    const { nlink = 0 } = fs.statSync(this.paths.containers, { throwIfNoEntry: false }) ?? {};
    // Its own name, its `.`, and the `..` of each directory in it.
    return Math.max(0, nlink - 2);
  }

  /** Nobody looks after it any more: its owner is gone, and it is not one that stays. */
  isLeftover(found: FoundContainer): boolean {
    if (found.kind !== 'record')
      return found.kind === 'broken' && !fs.existsSync(this.paths.process(found.id));
    const { state, status, owner } = found.record;
    return state === undefined && ['starting', 'running'].includes(status) && !isAlive(owner);
  }

  /**
   * From now on it stays until somebody removes it, even where its record cannot be read any more.
   *
   * @param process what further commands in it are started with; beside the record, which is read by the thousand
   */
  markStaying(id: string, process: string): void {
    fs.writeFileSync(this.paths.process(id), process, { mode: 0o600 });
  }

  /** What further commands in a container are started with, as JSON; undefined where that is not known. */
  processOf({ id, process }: ContainerRecord): string | undefined {
    return process ?? unlessGone(() => fs.readFileSync(this.paths.process(id), 'utf8'));
  }

  /** Its record tells that it runs, and its monitor is gone: whatever became of it, nobody watches over it. */
  isDeserted(found: FoundContainer): boolean {
    if (found.kind !== 'record' || !found.record.state) return false;
    const { status, monitor } = found.record.state;
    return !['created', 'exited'].includes(status) && !(monitor && isAlive(monitor));
  }

  /** What there is of one container now; undefined where there is none (any more). */
  find(id: string): FoundContainer | undefined {
    return this.look(id);
  }

  private entries(): string[] {
    return unlessGone(() => fs.readdirSync(this.paths.containers)) ?? [];
  }

  private lookAt(entries: readonly string[]): FoundContainer[] {
    return present(entries.map(entry => this.look(entry)));
  }

  private look(entry: string): FoundContainer | undefined {
    if (PREFIXES.test(entry)) {
      const [pid, startTime, bootId = '', pidNamespace = '', id] = entry.replace(PREFIXES, '').split('.');
      const maker = { pid: Number(pid), startTime: Number(startTime), bootId, pidNamespace };
      const directory = this.paths.container(entry);
      return isAlive(maker) ? undefined : { kind: 'broken', id: id ?? entry, directory };
    }
    const value = readRecord(this.paths, entry);
    return value === undefined ? undefined : this.found(entry, value);
  }

  /** @param value what its record holds */
  private found(id: string, value: unknown): FoundContainer {
    if (!isRecord(value, id)) return { kind: 'broken', id, directory: this.paths.container(id) };
    if (value.version !== RECORD_VERSION) return { kind: 'future', id };
    return { kind: 'record', id, record: withInit(value) };
  }
}

function present(found: readonly (FoundContainer | undefined)[]): FoundContainer[] {
  return found.filter(container => container !== undefined);
}

/**
 * What a container's record holds, not yet checked: null where it is not whole. Undefined where it was removed while we
 * looked, or is none.
 */
function readRecord(paths: Paths, id: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(paths.record(id), AS_TEXT));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    switch (errorCode(error)) {
      case 'EISDIR':
        return null;
      case 'ENOTDIR':
        return undefined;
      case 'ENOENT':
        // The record goes with its directory; a directory that lost its record alone is broken.
        return fs.existsSync(paths.container(id)) ? null : undefined;
      default:
        throw error;
    }
  }
}

/** The record of a starting container with its init, once that exists: of its owner's boot and PID namespace. */
function withInit(record: ContainerRecord): ContainerRecord {
  const { state } = record;
  if (state) {
    record.status = state.status;
    record.init = state.init;
    record.exitCode = state.exitCode;
    return record;
  }
  if (record.status !== 'starting') return record;
  // Spaces where its writer was killed before GO: that init ends by itself.
  const [, pid, startTime] = /^(\d+) (\d+)\. *$/.exec(record.started ?? '') ?? [];
  if (startTime === undefined) return record;
  const init = { ...record.owner, pid: Number(pid), startTime: Number(startTime) };
  return { ...record, status: 'running', init };
}

function fail(): never {
  throw new SkiffError('cannot read /proc/self/stat: /proc is not mounted', {
    code: 'NO_PROC',
    remedy: 'Mount it: mount -t proc proc /proc.',
  });
}
