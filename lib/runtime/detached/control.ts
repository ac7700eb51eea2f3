import fs from 'node:fs';
import type net from 'node:net';
import { constants } from 'node:os';
import path from 'node:path';
import { errorCode } from '../../common/errors';
import { native } from '../../native';

/** Messages of a monitor's socket; csrc/core/protocol.h has the table. */
enum Message {
  Attach = 10,
  Output = 11,
  Input = 12,
  Resize = 13,
  Signal = 14,
  Amend = 15,
  Paused = 16,
  Done = 17,
  Ended = 18,
  Hold = 19,
}

const MAGIC = 0x46494b53;
const HEADER = 12;
const SOCKET = 'control';
/** sun_path of unix(7) takes 107 bytes. */
const MAX_SOCKET_PATH = 100;
/** Bytes of one message of input; the monitor takes them one after the other. */
const INPUT_PIECE = 32_768;

const ATTACH_OUTPUT = 1;
const ATTACH_INPUT = 2;

/** Where the output of a container goes while somebody is attached; false asks for a pause, see `resume`. */
export type OutputSink = (stream: 1 | 2, bytes: Buffer) => boolean;

/** A connection to the monitor of a running container. */
export class MonitorConnection {
  /** Resolves with the exit code when the container has ended for good; with undefined where the monitor is lost. */
  readonly ended: Promise<number | undefined>;
  private end!: (code: number | undefined) => void;
  private readonly answers: ((errno: number | undefined) => void)[] = [];
  private received: Buffer = Buffer.alloc(0);
  private sink: OutputSink = () => true;
  /** Nothing is served yet: not paused by the stream, which would lose what it has where the connection breaks. */
  private holds = false;
  private lost = false;

  private constructor(private readonly socket: net.Socket) {
    this.ended = new Promise(resolve => {
      this.end = resolve;
    });
    socket.on('data', bytes => this.take(bytes));
    // Its end is told by `close`, which follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.lose());
  }

  /** @returns undefined where nobody listens: the container does not run, or its monitor is gone */
  static async connect(directory: string): Promise<MonitorConnection | undefined> {
    try {
      return new MonitorConnection(await connectTo(directory));
    } catch (error) {
      if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? ''))
        return undefined;
      throw error;
    }
  }

  /**
   * A connection that is attached from the container's beginning: what comes is kept until {@link attach}.
   *
   * @param fd from `startMonitor`; taken over
   */
  static async attachedBy(fd: number): Promise<MonitorConnection> {
    // Loaded at need, as below: other starts do without it.
    const { Socket } = await import('node:net');
    native().release({ fds: [fd] });
    const connection = new MonitorConnection(new Socket({ fd, readable: true, writable: true }));
    connection.holds = true;
    return connection;
  }

  /**
   * Send a signal to the container's init.
   *
   * @param stop it shall not be restarted after it
   * @returns false where nothing of it runs
   */
  async signal(signal: number, { stop }: { stop: boolean }): Promise<boolean> {
    return (await this.ask(Message.Signal, numbers(signal, Number(stop)))) === 0;
  }

  /**
   * Have the record tell that its processes were frozen, or thawed.
   *
   * @returns false where nothing of it runs
   */
  async notePaused(paused: boolean): Promise<boolean> {
    return (await this.ask(Message.Paused, numbers(Number(paused)))) === 0;
  }

  /**
   * Announce that this process freezes the container's: where it dies before {@link release}, or closes this connection,
   * the monitor thaws them.
   *
   * @returns `busy` where they are frozen already, or somebody else has announced it
   */
  async hold(): Promise<'held' | 'busy' | 'lost'> {
    const errno = await this.ask(Message.Hold, numbers(1));
    if (errno === 0) return 'held';
    return errno === constants.errno.EBUSY ? 'busy' : 'lost';
  }

  /** What was frozen is thawed by now, or is to stay frozen. */
  async release(): Promise<void> {
    await this.ask(Message.Hold, numbers(0));
  }

  /**
   * @param request from `amendment`
   * @returns false where the monitor is lost
   */
  async amend(request: Buffer): Promise<boolean> {
    return (await this.ask(Message.Amend, request)) === 0;
  }

  /** From now on `sink` gets what the command writes. */
  attach(sink: OutputSink, { input }: { input: boolean }): void {
    this.sink = sink;
    if (!this.holds) return void this.send(Message.Attach, numbers(attachFlags({ input })));
    this.holds = false;
    this.take(Buffer.alloc(0));
    if (this.lost) this.end(undefined);
  }

  /** @returns false where the monitor has yet to take it: `drained` tells */
  input(bytes: Uint8Array): boolean {
    let taken = true;
    for (let at = 0; at < bytes.length; at += INPUT_PIECE) {
      taken = this.send(Message.Input, bytes.subarray(at, at + INPUT_PIECE));
    }
    return taken;
  }

  drained(): Promise<void> {
    return new Promise(resolve => {
      this.socket.once('drain', resolve);
      this.socket.once('close', resolve);
    });
  }

  endInput(): void {
    this.send(Message.Input, Buffer.alloc(0));
  }

  resize({ rows, columns }: { rows: number; columns: number }): void {
    this.send(Message.Resize, numbers(rows, columns));
  }

  /** The sink can take more. */
  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  /** Nobody waits for it: the event loop may end. */
  unref(): void {
    this.socket.unref();
  }

  /** @returns the errno; undefined where the monitor is lost */
  private ask(message: Message, body: Buffer): Promise<number | undefined> {
    return new Promise(resolve => {
      if (this.socket.destroyed) return resolve(undefined);
      this.answers.push(resolve);
      this.send(message, body);
    });
  }

  private send(message: Message, body: Uint8Array): boolean {
    if (this.socket.destroyed) return true;
    const frame = Buffer.allocUnsafe(HEADER + body.length);
    frame.writeUInt32LE(MAGIC, 0);
    frame.writeUInt32LE(message, 4);
    frame.writeUInt32LE(body.length, 8);
    frame.set(body, HEADER);
    return this.socket.write(frame);
  }

  private take(bytes: Buffer): void {
    this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
    while (this.received.length >= HEADER && !this.holds) {
      const end = HEADER + this.received.readUInt32LE(8);
      if (this.received.length < end) return;
      const body = this.received.subarray(HEADER, end);
      const message: Message = this.received.readUInt32LE(4);
      this.received = this.received.subarray(end);
      this.serve(message, body);
    }
  }

  private serve(message: Message, body: Buffer): void {
    switch (message) {
      case Message.Output:
        if (!this.sink(body.readUInt32LE(0) === 2 ? 2 : 1, body.subarray(4))) this.socket.pause();
        break;
      case Message.Done:
        this.answers.shift()?.(body.readUInt32LE(0));
        break;
      case Message.Ended:
        this.end(body.readUInt32LE(0));
        break;
      default:
        this.socket.destroy();
    }
  }

  private lose(): void {
    this.lost = true;
    for (const answer of this.answers.splice(0)) answer(undefined);
    if (!this.holds) this.end(undefined);
  }
}

/** What an attached connection is, csrc/core/protocol.h. */
export function attachFlags({ input }: { input: boolean }): number {
  return ATTACH_OUTPUT | (input ? ATTACH_INPUT : 0);
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index));
  return bytes;
}

async function connectTo(directory: string): Promise<net.Socket> {
  const direct = path.join(directory, SOCKET);
  if (Buffer.byteLength(direct) <= MAX_SOCKET_PATH) return connected(direct);
  const opened = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    return await connected(`/proc/self/fd/${opened}/${SOCKET}`);
  } finally {
    fs.closeSync(opened);
  }
}

async function connected(file: string): Promise<net.Socket> {
  const net = await import('node:net');
  return new Promise((resolve, reject) => {
    const socket = net.connect(file);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
