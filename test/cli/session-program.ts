import fs from 'node:fs';
import { PassThrough } from 'node:stream';
import { foreground } from '../../lib/cli/session';
import type { Container, ExitResult } from '../../lib/engine/options';

/**
 * A session with a container that is none: it tells in a file what reaches it, prints each key, and ends at `q`.
 * Run by session.test.ts inside a terminal.
 */
async function main(log: string): Promise<void> {
  const note = (event: string, value: unknown) =>
    fs.appendFileSync(log, `${event} ${JSON.stringify(value)}\n`);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const ended = new Promise<ExitResult>(resolve => {
    stdin.on('data', key => {
      note('key', String(key));
      stdout.write(`<${JSON.stringify(String(key))}>\n`);
      if (String(key) !== 'q') return;
      stdout.end('the last words\r\n');
      resolve({ exitCode: 7 } as ExitResult);
    });
  });
  const container = {
    id: 'x',
    stdin,
    stdout,
    kill: (signal: unknown) => (note('signal', signal), true),
    resize: (size: unknown) => note('size', size),
    guardTerminal: async (terminal: unknown) => note('guard', terminal),
    forgetTerminal: async () => note('forget', null),
    wait: () => ended,
  } as unknown as Container;
  const start = async (streams: unknown) => (note('start', streams), container);
  const result = await foreground(start, { interactive: true, terminal: true });
  process.exitCode = result.exitCode;
}

void main(process.argv[2]!);
