import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How much later than wanted a process was woken, in microseconds. */
export interface Latency {
  p50: number;
  p99: number;
  max: number;
}

/** Do something while a process of the host, `program`, measures how late it is woken. */
export async function beside<T>(
  program: string,
  work: () => Promise<T>,
): Promise<{ result: T; latency: Latency }> {
  const probe = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  probe.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(probe, 'close');
  try {
    const result = await work();
    probe.stdin.end();
    await closed;
    const [p50 = NaN, p99 = NaN, max = NaN] = said.trim().split(' ').map(Number);
    return { result, latency: { p50, p99, max } };
  } finally {
    probe.kill('SIGKILL');
    await closed;
  }
}
