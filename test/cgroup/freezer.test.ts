import { createCgroup, freezeCgroup, thawCgroup } from '../../lib/cgroup';
import { v2Machine } from './machines';

const LIMITS = { pids: { limit: 5 } };

test('on v2 the directory that was made is frozen, and thawed', async () => {
  const { kernel, setup } = v2Machine({ own: '/' });
  const { paths } = createCgroup({ setup, id: 'c1', resources: LIMITS, kernel })!;
  kernel.addFiles({
    [`${paths[0]}/cgroup.freeze`]: '0',
    [`${paths[0]}/cgroup.events`]: 'populated 1\nfrozen 1\n',
  });
  await freezeCgroup(setup, 'c1', paths, kernel);
  expect(kernel.read(`${paths[0]}/cgroup.freeze`)).toBe('1');
  thawCgroup(setup, paths, kernel);
  expect(kernel.read(`${paths[0]}/cgroup.freeze`)).toBe('0');
});

test('one that was only planned is none', async () => {
  const { kernel, setup } = v2Machine({ own: '/' });
  const planned = ['/sys/fs/cgroup/skiff-c1'];
  await expect(freezeCgroup(setup, 'c1', planned, kernel)).rejects.toMatchObject({
    code: 'CGROUP_UNAVAILABLE',
    exitCode: 1,
  });
  expect(() => thawCgroup(setup, planned, kernel)).not.toThrow();
});
