import { EventEmitter } from 'node:events';
import { SignalRelay } from '../../lib/cli/signals';
import { capture, type Captured } from './capture';

let said: Captured;

beforeEach(() => {
  said = capture();
});

afterEach(() => jest.restoreAllMocks());

function fake() {
  const source = new EventEmitter();
  const killed: unknown[] = [];
  const container = { kill: (signal?: unknown) => killed.push(signal) > 0 };
  const send = (...signals: string[]) => signals.forEach(signal => source.emit(signal, signal));
  return { source, killed, container, send };
}

test.each(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGTERM', 'SIGCONT'])(
  '%s is passed on',
  signal => {
    const { source, killed, container, send } = fake();
    new SignalRelay(source).attach(container);
    send(signal);
    expect(killed).toEqual([signal]);
  },
);

test('what comes before the container is kept for it', () => {
  const { source, killed, container, send } = fake();
  const relay = new SignalRelay(source);
  send('SIGTERM', 'SIGUSR1');
  relay.attach(container);
  expect(killed).toEqual(['SIGTERM', 'SIGUSR1']);
});

test('the third request to end ends it, and says so', () => {
  const { source, killed, container, send } = fake();
  new SignalRelay(source).attach(container);
  send('SIGINT', 'SIGUSR1', 'SIGTERM', 'SIGINT');
  expect(killed).toEqual(['SIGINT', 'SIGUSR1', 'SIGTERM', 'SIGKILL']);
  expect(said.err).toBe('\nskiff: got 3 SIGTERM/SIGINTs, forcefully exiting\n');
});

test('afterwards signals have their usual effect', () => {
  const { source } = fake();
  const relay = new SignalRelay(source);
  expect(source.eventNames()).not.toEqual([]);
  relay.dispose();
  expect(source.eventNames()).toEqual([]);
});
