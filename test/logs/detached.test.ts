import { Skiff } from '../../lib/engine';
import { fileRoot, run } from '../helpers/run';

const skiff = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(args);
  return { code, stdout: stdout.toString(), stderr };
};

const seq = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');

afterEach(() => skiff('rm', '-f', 'logged'));

const start = (...args: string[]) => skiff('run', '-d', '--name', 'logged', ...args);

test('what a container writes is followed to its end, through the rotation of its log', async () => {
  const script = 'seq 1 30000; echo err >&2; sleep 0.3; seq 30001 30010';
  await start('--log-opt', 'max-size=64k', '--log-opt', 'max-file=100', 'busybox', 'sh', '-c', script);
  const followed = await skiff('logs', '-f', 'logged');
  expect(followed.stdout === seq(1, 30010)).toBe(true);
  expect([followed.code, followed.stderr]).toEqual([0, 'err\n']);
  expect((await skiff('logs', 'logged')).stdout === seq(1, 30010)).toBe(true);
  // One of them is of stderr.
  expect((await skiff('logs', '-n', '20000', 'logged')).stdout === seq(10012, 30010)).toBe(true);
});

test('it is followed over restarts', async () => {
  await start('--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'echo hi; exit 3');
  expect(await skiff('logs', '-f', 'logged')).toEqual({ code: 0, stdout: 'hi\nhi\nhi\n', stderr: '' });
});

test('its life is told by events', async () => {
  await start('busybox', 'sh', '-c', 'exit 3');
  await skiff('wait', 'logged');
  await skiff('rm', 'logged');
  const { stdout } = await skiff('events', '--since', '0', '--until', '0s', '--filter', 'container=logged');
  const actions = stdout.split('\n').map(line => line.split(' ')[2]);
  expect(actions.slice(-5, -1)).toEqual(['create', 'start', 'die', 'destroy']);
  expect(stdout).toContain('exitCode=3');
});

test('the API reads it line by line', async () => {
  await start('busybox', 'sh', '-c', 'echo out; sleep 0.2; printf err >&2');
  await using skiffApi = await Skiff.open({ root: fileRoot() });
  const seen: [string, string, boolean][] = [];
  for await (const { stream, data, partial } of (await skiffApi.get('logged')).logs({ follow: true })) {
    seen.push([stream, data.toString(), partial]);
  }
  expect(seen).toEqual([
    ['stdout', 'out', false],
    ['stderr', 'err', true],
  ]);
});
