import type { Readable, Writable } from 'node:stream';
import { Attachment } from './attachment';
import { startExisting, type Detaching } from './detached';
import { execToEnd, startDetachedExec, startExec } from './exec';
import { containerInfo, type ContainerInfo } from './info';
import { FileAccess } from './file-access';
import type { FileChange } from './changes';
import type { CommitOptions } from './commit';
import type { Copied, CopiedOut, CopyArchiveOptions, CopyOptions } from './copy';
import { killContainer, removeContainer, stopContainer, type StopOptions } from './life';
import { freezerOf, pauseContainer, unpauseContainer } from './pause';
import { renameContainer, updateContainer, type UpdateOptions } from './amend';
import { containerLogs } from './logs';
import { watchStats, type ContainerStats, type StatsOptions } from './stats';
import { awaitEnd, lookAtRecord, notRunning } from './managed';
import type { LogEntry, LogOptions } from '../logs';
import type { ExecDetachedOptions, ExecOptions, ExecProcess, ExecToEndOptions, RunResult } from './options';
import type { Word } from '../spec/types';
import { MonitorConnection } from '../runtime/detached/control';

/** The streams of a container, for as long as somebody is attached. */
export interface AttachedStreams {
  /** Null where it was not attached to its input, or has none. */
  readonly stdin: Writable | null;
  /** What it writes from now on. */
  readonly stdout: Readable;
  /** Null where the container has a terminal, which shows both. */
  readonly stderr: Readable | null;
  /** Resolves with the exit code at its end; with undefined where that is not known, or it was let go of. */
  readonly ended: Promise<number | undefined>;
  /** New size of the container's terminal, where it has one. */
  resize(size: { rows: number; columns: number }): void;
  /** Let go of it; the container runs on. */
  detach(): void;
}

/** A container that stays until it is removed, whoever started it and wherever that is. */
export class ManagedContainer {
  constructor(
    private readonly detaching: Detaching,
    /** 64 hexadecimal digits. */
    readonly id: string,
    /** At the time it was looked up. */
    readonly name: string,
  ) {}

  private get keeping() {
    return this.detaching.context;
  }

  /**
   * What is known of it now.
   *
   * @throws SkiffError CONTAINER_NOT_FOUND where it is gone
   */
  async info(): Promise<ContainerInfo> {
    const record = await lookAtRecord(this.keeping, this.id);
    return containerInfo(record, this.keeping.store.directory(this.id));
  }

  /**
   * What it wrote, line by line.
   *
   * @throws SkiffError CONTAINER_NOT_FOUND, INVALID_ARGUMENT, ABORT_ERR
   */
  logs(options: LogOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    return containerLogs(this.id, options, this.keeping.store);
  }

  /** What it uses, again and again. */
  async *stats(options?: StatsOptions): AsyncGenerator<ContainerStats, void> {
    for await (const looks of watchStats(async () => [await this.info()], options)) yield* looks;
  }

  /**
   * Start it; resolves when its command runs. Where it runs already nothing happens.
   *
   * @param options.attach be connected with its streams from the first byte on
   * @returns the streams, where they were asked for
   * @throws SkiffError why it could not be started
   */
  async start(): Promise<void>;
  async start(options: { attach: { input: boolean } }): Promise<AttachedStreams>;
  async start({ attach }: { attach?: { input: boolean } } = {}): Promise<AttachedStreams | void> {
    const { record, connection } = await startExisting(this.detaching, this.id, attach);
    if (!attach) return undefined;
    if (!connection) return this.attach(attach);
    return new Attachment(connection, { terminal: Boolean(record.options?.tty), input: attach.input });
  }

  /**
   * Be connected with its streams: what it writes from now on, and its input where it was made with `openInput`.
   *
   * @throws SkiffError CONTAINER_NOT_RUNNING
   */
  async attach({ input = false }: { input?: boolean } = {}): Promise<AttachedStreams> {
    const record = await lookAtRecord(this.keeping, this.id);
    const connection = await MonitorConnection.connect(this.keeping.store.directory(this.id));
    if (!connection) throw notRunning(record);
    return new Attachment(connection, { terminal: Boolean(record.options?.tty), input });
  }

  /** Start a further command in it, as {@link Skiff.exec} does. It ends with this process. */
  exec(command: readonly Word[], options: ExecOptions = {}): Promise<ExecProcess> {
    return startExec(this.keeping, this.id, command, options);
  }

  /** The same to the command's end, with what it wrote. */
  execToEnd(
    command: readonly Word[],
    options: ExecToEndOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  execToEnd(command: readonly Word[], options?: ExecToEndOptions): Promise<RunResult>;
  execToEnd(
    command: readonly Word[],
    options: ExecToEndOptions = {},
  ): Promise<RunResult | RunResult<Buffer>> {
    return execToEnd(command, options, given => this.exec(command, given));
  }

  /** Start a command in it that nobody waits for, as {@link Skiff.execDetached} does. */
  execDetached(command: readonly Word[], options: ExecDetachedOptions = {}): Promise<void> {
    return startDetachedExec(this.keeping, this.id, command, options);
  }

  /** In what its file system differs from its image's. */
  async *changes(): AsyncGenerator<FileChange, void, undefined> {
    yield* (await this.files()).changes();
  }

  /** A flat tar of its file system. */
  async export(): Promise<Readable> {
    return (await this.files()).export();
  }

  /** A tar of one file or directory of it. */
  async copyOut(source: string, options?: CopyOptions): Promise<CopiedOut> {
    return (await this.files()).copyOut(source, options);
  }

  /**
   * Copy into it.
   *
   * @param source a path of the host, or a tar
   * @param destination path in the container; of a directory, for a tar
   */
  async copyIn(
    source: string | Readable,
    destination: string,
    options?: CopyArchiveOptions,
  ): Promise<Copied> {
    return (await this.files()).copyIn(source, destination, options);
  }

  /**
   * Make an image of it.
   *
   * @returns the image's id
   */
  async commit(options: CommitOptions = {}): Promise<string> {
    return (await (await this.files()).commit(options)).id;
  }

  private async files(): Promise<FileAccess> {
    const { context, images } = this.detaching;
    return new FileAccess({ store: context.store, images, freezer: freezerOf(context) }, await this.info());
  }

  /** Ask it to end, and kill it where it does not; resolves when it has ended. */
  stop(options: StopOptions = {}): Promise<void> {
    return stopContainer(this.keeping, this.id, options);
  }

  /** Stop it where it runs, and start it. */
  async restart(options: StopOptions = {}): Promise<void> {
    await this.stop(options);
    await this.start();
  }

  /**
   * Give it another name.
   *
   * @throws SkiffError NAME_IN_USE, INVALID_ARGUMENT
   */
  async rename(name: string): Promise<void> {
    await renameContainer(this.keeping, this.id, name);
  }

  /**
   * Change its limits and its restart policy, now and for its next starts.
   *
   * @throws SkiffError INVALID_ARGUMENT, or where a limit cannot be set
   */
  async update(changes: UpdateOptions): Promise<void> {
    await updateContainer(this.keeping, this.id, changes);
  }

  /** @throws SkiffError CONTAINER_NOT_RUNNING */
  kill(signal?: string): Promise<void> {
    return killContainer(this.keeping, this.id, signal);
  }

  /** Freeze all of its processes. */
  pause(): Promise<void> {
    return pauseContainer(this.keeping, this.id);
  }

  /**
   * Let its processes go on.
   *
   * @throws SkiffError CONTAINER_NOT_RUNNING, CONTAINER_NOT_PAUSED
   */
  unpause(): Promise<void> {
    return unpauseContainer(this.keeping, this.id);
  }

  /**
   * Wait for its end, restarts included.
   *
   * @returns its exit code; undefined where nobody saw it
   */
  wait({ signal }: { signal?: AbortSignal } = {}): Promise<number | undefined> {
    return awaitEnd(this.keeping, this.id, signal);
  }

  /**
   * Remove it with what it wrote.
   *
   * @param options.force kill it where it runs
   */
  async remove({ force }: { force?: boolean } = {}): Promise<void> {
    await removeContainer(this.keeping, this.id, { force });
  }
}
