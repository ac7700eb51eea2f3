import { cgroupsToJoin } from '../../lib/cgroup';
import { detectCgroups } from '../../lib/cgroup/detect';
import { hybridMachine, v1Machine, v2Machine } from './machines';

const ID = 'skiff-abc';

describe('cgroups of another process', () => {
  it('on v1: those it is in and we are not, in every hierarchy', () => {
    const { kernel, setup } = v1Machine();
    const place = (controllers: string, place: string) => `2:${controllers}:${place}`;
    kernel.addFiles({
      '/proc/77/cgroup': [
        place('pids', `/jobs/a/${ID}`),
        place('memory', `/other/${ID}`),
        place('cpuset', '/jobs/a'),
        place('cpu,cpuacct', '/jobs/a'),
        '1:name=systemd:/jobs/a',
      ].join('\n'),
    });
    const limiting = [`/sys/fs/cgroup/pids/jobs/a/${ID}`, `/sys/fs/cgroup/memory/other/${ID}`];
    const joined = cgroupsToJoin({ setup, pid: 77, limiting, kernel });
    expect(joined.map(({ path, version }) => [path, version])).toEqual(limiting.map(path => [path, 1]));
  });

  it('on v2: where it is, be it below the one that limits it', () => {
    const { kernel, setup } = v2Machine({ own: '/me' });
    kernel.addFiles({ '/proc/77/cgroup': `0::/me/${ID}/inner\n` });
    const limiting = [`/sys/fs/cgroup/me/${ID}`];
    expect(cgroupsToJoin({ setup, pid: 77, limiting, kernel })).toMatchObject([
      { path: `/sys/fs/cgroup/me/${ID}/inner`, version: 2 },
    ]);
  });

  it('none where it is in ours, and nothing limits it', () => {
    const { kernel, setup } = hybridMachine();
    kernel.addFiles({ '/proc/77/cgroup': '3:pids:/\n2:cpuset:/\n1:cpu:/\n0::/\n' });
    expect(cgroupsToJoin({ setup, pid: 77, limiting: [], kernel })).toEqual([]);
    expect(detectCgroups({ pid: 77, kernel })).toEqual(setup);
  });

  it('is refused where it is not in one that limits it: nothing runs outside of the limits', () => {
    const { kernel, setup } = v2Machine({ own: '/me' });
    for (const elsewhere of ['0::/me\n', `0::/me/${ID}x\n`, '0::/../../hidden\n', '']) {
      kernel.addFiles({ '/proc/77/cgroup': elsewhere });
      expect(() => cgroupsToJoin({ setup, pid: 77, limiting: [`/sys/fs/cgroup/me/${ID}`], kernel })).toThrow(
        expect.objectContaining({ code: 'CGROUP_UNAVAILABLE' }) as Error,
      );
    }
  });
});
