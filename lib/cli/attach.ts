import { Writable, type Readable } from 'node:stream';
import type { AttachedStreams, ManagedContainer } from '../engine/managed-container';
import { DetachKeys, parseDetachKeys } from './detach-keys';
import { writeErr } from './output';
import { SignalRelay } from './signals';
import type * as Terminals from './terminal';

type WindowSize = Parameters<AttachedStreams['resize']>[0];

export interface AttachMode {
  /** Standard input is passed on. */
  input: boolean;
  /** Signals are passed on. */
  signals: boolean;
  /** Keys that let go of the container. */
  detachKeys: string;
  /** It has been drawing on another terminal, or on none: have it draw all of its screen on this one. */
  redraw: boolean;
}

/** Exit code where nobody saw the container's. */
const UNSEEN = 255;

/**
 * Be connected with a container until it ends, or until the keys for it are typed.
 *
 * @param connect gives its streams
 * @returns the container's exit code; 0 where it was let go of
 * @throws SkiffError ENOTTY where a terminal's keys are asked for and standard input is none
 */
export async function attachSession(
  container: ManagedContainer,
  { input, signals, detachKeys, redraw }: AttachMode,
  connect: (streams: { input: boolean }) => Promise<AttachedStreams>,
): Promise<number> {
  const keys = new DetachKeys(parseDetachKeys(detachKeys));
  const { options } = await container.info();
  const wanted = input && options.openInput === true;
  const terminals = options.tty ? await import('./terminal') : undefined;
  if (wanted) terminals?.requireTerminal();
  const relay = signals ? new SignalRelay() : undefined;
  try {
    const streams = await connect({ input: wanted });
    relay?.attach({ kill: signal => forward(container, signal) });
    return await (terminals
      ? overTerminal(container, streams, keys, terminals, { interactive: wanted, redraw })
      : overPipes(container, streams));
  } finally {
    relay?.dispose();
  }
}

function forward(container: ManagedContainer, signal: NodeJS.Signals | number | undefined): boolean {
  // What has ended meanwhile needs it no more.
  container.kill(String(signal)).catch(() => undefined);
  return true;
}

/** What is typed goes to the command, up to the keys that let go of it. */
function typing(streams: AttachedStreams, keys: DetachKeys, detached: () => void): Writable | null {
  const { stdin } = streams;
  if (!stdin) return null;
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { passed, found } = keys.take(chunk);
      if (found) detached();
      if (stdin.write(passed)) done();
      else stdin.once('drain', () => done());
    },
    final(done) {
      stdin.end();
      done();
    },
  });
}

/**
 * Programs draw anew when the size of their terminal changes: at first it is another one, for an instant, as Docker's
 * attach has it. Where the size is the same as before, nothing would be seen until something is typed.
 */
function redrawing(streams: AttachedStreams): (size: WindowSize) => void {
  let isFirst = true;
  return size => {
    if (isFirst) streams.resize({ rows: size.rows + 1, columns: size.columns + 1 });
    isFirst = false;
    streams.resize(size);
  };
}

async function overTerminal(
  container: ManagedContainer,
  streams: AttachedStreams,
  keys: DetachKeys,
  { HostTerminal, relayTerminal }: typeof Terminals,
  { interactive, redraw }: { interactive: boolean; redraw: boolean },
): Promise<number> {
  const detached = new Signal();
  const window = {
    stdin: typing(streams, keys, () => detached.give()),
    stdout: streams.stdout,
    resize: redraw ? redrawing(streams) : (size: WindowSize) => streams.resize(size),
    // A terminal that is closed takes nothing with it.
    kill: () => true,
  };
  const relay = relayTerminal(new HostTerminal(), window, interactive);
  try {
    return await endOf(container, streams, relay.finished, detached.given);
  } finally {
    relay.stop();
  }
}

/** Only what is typed has keys, as in Docker: bytes of a pipe are the command's, whatever they are. */
async function overPipes(container: ManagedContainer, streams: AttachedStreams): Promise<number> {
  const { stdin } = streams;
  if (stdin) process.stdin.pipe(stdin);
  const copied = Promise.all([copy(streams.stdout, process.stdout), copy(streams.stderr, process.stderr)]);
  try {
    return await endOf(container, streams, copied);
  } finally {
    if (stdin) process.stdin.unpipe(stdin).pause();
  }
}

/** Something that happens once. */
class Signal {
  readonly given: Promise<void>;
  give!: () => void;

  constructor() {
    this.given = new Promise(resolve => {
      this.give = resolve;
    });
  }
}

/** Where our own output is gone, the rest is dropped so that the container can go on. */
function copy(from: Readable | null, to: NodeJS.WriteStream): Promise<void> {
  if (!from) return Promise.resolve();
  return new Promise(resolve => {
    to.on('error', () => {
      from.unpipe(to);
      from.resume();
    });
    from.once('end', resolve).once('close', resolve);
    from.pipe(to, { end: false });
  });
}

async function endOf(
  container: ManagedContainer,
  streams: AttachedStreams,
  copied: Promise<unknown>,
  detached?: Promise<void>,
): Promise<number> {
  const ended = copied.then(() => false);
  const letGo = await (detached ? Promise.race([ended, detached.then(() => true)]) : ended);
  const code = letGo ? 0 : ((await streams.ended) ?? (await codeOfLost(container)) ?? UNSEEN);
  streams.detach();
  return code;
}

/** Its monitor was killed, or dropped this client, which took nothing for ten seconds: what the record tells by now. */
function codeOfLost(container: ManagedContainer): Promise<number | undefined> {
  writeErr(`skiff: attach: ${container.name}: the connection was lost, and output may be missing\n`);
  writeErr(`See all of it: skiff logs ${container.name}\n`);
  return container.wait().catch(() => undefined);
}
