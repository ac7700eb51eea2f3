import { PassThrough, Writable, type Readable } from 'node:stream';
import type { MonitorConnection } from '../runtime/detached/control';

/** The streams of a detached container, as one of those who are connected to it has them. */
export class Attachment {
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  /** Null where a terminal shows both. */
  readonly stderr: Readable | null;
  readonly ended: Promise<number | undefined>;

  /**
   * @param terminal the container has one
   * @param input what is written to `stdin` goes to the command
   */
  constructor(
    private readonly connection: MonitorConnection,
    { terminal, input }: { terminal: boolean; input: boolean },
  ) {
    const outputs = [1, 2].map(() => new PassThrough());
    const [stdout, stderr] = outputs as [PassThrough, PassThrough];
    this.stdout = stdout;
    this.stderr = terminal ? null : stderr;
    this.stdin = input ? inputTo(connection) : null;
    for (const output of outputs) output.on('drain', () => this.connection.resume());
    connection.attach((stream, bytes) => (stream === 2 && !terminal ? stderr : stdout).write(bytes), {
      input,
    });
    this.ended = connection.ended;
    void connection.ended.then(() => {
      for (const output of outputs) output.end();
      // Its monitor waits for that.
      connection.close();
    });
  }

  resize(size: { rows: number; columns: number }): void {
    this.connection.resize(size);
  }

  /** Let go of it; the container runs on. */
  detach(): void {
    this.connection.close();
  }
}

function inputTo(connection: MonitorConnection): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (connection.input(chunk)) done();
      else void connection.drained().then(() => done());
    },
    final(done) {
      connection.endInput();
      done();
    },
  });
}
