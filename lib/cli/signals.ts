import type { Container } from '../engine/options';
import { writeErr } from './output';

/** What Docker's client passes on, less what only this process can mean: window size, children, its own faults. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGCONT',
  'SIGIO',
  'SIGPWR',
  'SIGXCPU',
];

/** So many requests to end, and it ends. */
const LAST_REQUEST = 3;

/**
 * Passes this process's signals on to the container. To be made before the container: a signal that comes
 * meanwhile is kept for it.
 */
export class SignalRelay {
  private container: Pick<Container, 'kill'> | undefined;
  private early: NodeJS.Signals[] = [];
  private requests = 0;
  private readonly listener = (signal: NodeJS.Signals) => this.receive(signal);

  constructor(private readonly source: NodeJS.EventEmitter = process) {
    for (const signal of FORWARDED) source.on(signal, this.listener);
  }

  /** From now on signals go to this container; first those that came before. */
  attach(container: Pick<Container, 'kill'>): void {
    this.container = container;
    for (const signal of this.early.splice(0)) container.kill(signal);
  }

  /** Listen no more: signals have their usual effect again. */
  dispose(): void {
    for (const signal of FORWARDED) this.source.off(signal, this.listener);
  }

  private receive(signal: NodeJS.Signals): void {
    if (signal === 'SIGINT' || signal === 'SIGTERM') this.requests += 1;
    if (!this.container) {
      this.early.push(signal);
    } else if (this.requests >= LAST_REQUEST && this.container.kill('SIGKILL')) {
      writeErr(`\nskiff: got ${this.requests} SIGTERM/SIGINTs, forcefully exiting\n`);
      this.requests = 0;
    } else {
      this.container.kill(signal);
    }
  }
}
