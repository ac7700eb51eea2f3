/** What is compiled once for the same options must never be taken for other options. */
import { sh, output, useSkiff } from './support';

const skiff = useSkiff();

test('each container has its own id in its host name and environment', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const { id, stdout } = await skiff().run(sh('hostname; echo $HOSTNAME'));
    expect(stdout).toBe(`${id.slice(0, 12)}\n${id.slice(0, 12)}\n`);
    seen.add(id);
  }
  expect(seen.size).toBe(4);
});

test('options that differ in one thing give what they ask for, in any order', async () => {
  const ask = sh('echo $A $PWD $(id -u) $(hostname) $(ulimit -n)');
  const options = [
    { env: { A: '1' }, hostname: 'h' },
    { env: { A: '2' }, hostname: 'h' },
    { env: { A: '1' }, hostname: 'h', cwd: '/tmp' },
    { env: { A: '1' }, hostname: 'h', user: '7' },
    { env: { A: '1' }, hostname: 'h', ulimits: ['nofile=77:77'] },
  ];
  const first = [];
  for (const each of options) first.push(await output(skiff(), ask, each));
  expect(new Set(first).size).toBe(options.length);
  for (const [index, each] of [...options.entries()].reverse())
    expect(await output(skiff(), ask, each)).toBe(first[index]);
});

test('a limit that is none is refused, also after a run without', async () => {
  await skiff().run(['true']);
  for (const memory of [NaN, Infinity, 'abc'])
    await expect(skiff().run(['true'], { memory })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(skiff().run(['true'], { pidsLimit: NaN })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('more distinct options than are remembered', async () => {
  for (let number = 0; number < 70; number += 1) {
    const env = { NUMBER: `${number}` };
    expect(await output(skiff(), sh('echo $NUMBER'), { env })).toBe(`${number}`);
  }
  expect(await output(skiff(), sh('echo $NUMBER'), { env: { NUMBER: '0' } })).toBe('0');
});
