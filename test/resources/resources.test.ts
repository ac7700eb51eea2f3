/**
 * Attacks on what the machine has: each is stopped or bounded, the result says by which limit, and a process of the host
 * that wants to be woken each millisecond is. With SKIFF_RESOURCE_TABLE=1 the latencies are printed as a table.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseSize } from '../../lib/common/units';
import { run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { describeWithLimits } from '../helpers/user-mode';
import { useSkiff } from '../run/support';
import { buildStatic } from '../security/support';
import { LIMITS, RESOURCE_ATTACKS } from './attacks';
import { beside, type Latency } from './probe';

/** A bound for sanity: a machine that does not answer for seconds is not responsive, however busy others make it. */
const RESPONSIVE_US = 2_000_000;

const skiff = useSkiff();
const figures: [string, string, Latency][] = [];
let directory: { path: string; remove(): void };
const built = (name: string) => path.join(directory.path, name);

beforeAll(() => {
  directory = tempDirectory();
  for (const name of ['exhaust', 'latency'])
    buildStatic(path.join(__dirname, 'programs', `${name}.c`), built(name));
});
afterAll(() => {
  directory.remove();
  if (process.env.SKIFF_RESOURCE_TABLE === '1') process.stdout.write(toTable());
});

function toTable(): string {
  const rows = figures.map(([name, verdict, { p50, p99, max }]) => [name, verdict, p50, p99, max]);
  return [['Attack', 'Result', 'p50 µs', 'p99 µs', 'max µs'], Array(5).fill('---'), ...rows]
    .map(cells => `| ${cells.join(' | ')} |\n`)
    .join('');
}

async function measured<T>(
  name: string,
  work: () => Promise<T>,
  verdictOf: (result: T) => string,
): Promise<T> {
  const { result, latency } = await beside(built('latency'), work);
  figures.push([name, verdictOf(result), latency]);
  expect(latency.p99).toBeLessThan(RESPONSIVE_US);
  return result;
}

describeWithLimits('while an attack takes all that it gets', () => {
  test('nothing, for comparison', async () => {
    const wait = () => new Promise(resolve => setTimeout(resolve, 1000));
    await measured('(none)', wait, () => '');
  });

  test.each(RESOURCE_ATTACKS.map(attack => [attack.name, attack] as const))(
    '%s',
    async (name, { words, options, verdict, says }) => {
      const attack = () =>
        skiff().run(['/exhaust', ...words], {
          ...LIMITS,
          ...options,
          volumes: [`${built('exhaust')}:/exhaust:ro`],
        });
      const result = await measured(name, attack, ({ verdict: { status } }) => status);
      expect({ verdict: result.verdict.status, stderr: result.stderr }).toEqual({
        verdict,
        stderr: expect.stringMatching(says ?? /^/),
      });
      expect(result.usage.memoryPeakBytes).toBeLessThanOrEqual(
        parseSize(String(options?.memory ?? LIMITS.memory)),
      );
    },
    30_000,
  );

  test('CPU: all processes together get the share that was given', async () => {
    const spin = 'for i in 1 2 3 4; do while :; do :; done & done; wait';
    const attack = () => skiff().run(['sh', '-c', spin], { ...LIMITS, timeout: '2s' });
    const { verdict } = await measured('CPU', attack, result => result.verdict.status);
    expect(verdict.status).toBe('timeout');
    expect(verdict.cpuMs).toBeLessThan(verdict.wallMs * 0.75);
  });

  test('log: a container that stays floods it, and its files keep their size', async () => {
    const root = tempRoot();
    mkdirSync(root, { recursive: true });
    const flags = [
      '--log-opt',
      'max-size=256k',
      '--log-opt',
      'max-file=2',
      '-m',
      '64m',
      '--pids-limit',
      '64',
    ];
    const volume = ['-v', `${built('exhaust')}:/exhaust:ro`];
    const flood = async () => {
      const started = await run(['run', '-d', '--cpus', '0.5', ...flags, ...volume, '/exhaust', 'output'], {
        root,
      });
      expect(started).toMatchObject({ code: 0 });
      const id = started.stdout.toString().trim();
      expect((await run(['wait', id], { root })).stdout.toString()).toBe('0\n');
      return id;
    };
    const id = await measured('log', flood, () => 'bounded');
    const bytes = readdirSync(path.join(root, 'containers', id), { withFileTypes: true })
      .filter(entry => entry.isFile())
      .reduce((sum, { name }) => sum + statSync(path.join(root, 'containers', id, name)).size, 0);
    expect(bytes).toBeGreaterThan(256 * 1024);
    expect(bytes).toBeLessThan(2 * 256 * 1024 + 128 * 1024);
    expect(await run(['rm', '-f', id], { root })).toMatchObject({ code: 0 });
  }, 60_000);
});

test('a size for the root: its file system, and what can not have one', async () => {
  const { stdout } = await skiff().run(['df', '-k', '/'], { storageOpt: { size: '8m' } });
  expect(stdout).toMatch(/\s8192\s+\d+\s+\d+\s+\d+% \/\n$/);
  const copied = await run(['run', '--storage-driver', 'vfs', '--storage-opt', 'size=8m', 'df', '-k', '/']);
  expect(copied.stdout.toString()).toMatch(/\s8192\s+\d+\s+\d+\s+\d+% \/\n$/);
  const start = (storageOpt: { size?: string }, keep = false) => skiff().run(['true'], { storageOpt, keep });
  await expect(start({ size: '1k' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(start({ other: '1m' } as object)).rejects.toThrow('unknown storage option: other');
  await expect(start({ size: '8m' }, true)).rejects.toThrow('a container that stays can not have it');
  const detached = await run(['run', '-d', '--storage-opt', 'size=8m', 'true']);
  expect(detached).toMatchObject({ code: 125, stderr: expect.stringContaining('can not have it') });
});
