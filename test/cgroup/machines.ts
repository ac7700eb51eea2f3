import { detectCgroups } from '../../lib/cgroup/detect';
import type { CgroupSetup } from '../../lib/cgroup/types';
import { FakeKernel } from './fake-kernel';

/** A made-up machine, and what detectCgroups finds on it. */
export interface Machine {
  kernel: FakeKernel;
  setup: CgroupSetup;
}

const V1_GROUPS = [['cpu', 'cpuacct'], ['cpuset'], ['memory'], ['pids']];

function mountLine(
  id: number,
  root: string,
  mountPoint: string,
  type: string,
  options: string,
  flags = 'rw',
): string {
  return `${id} 20 0:${id} ${root} ${mountPoint} ${flags},nosuid shared:${id} - ${type} ${type} ${options}`;
}

/** All on v1, cpu and cpuacct together; this process lives in /jobs/a, in bind-mounted roots where asked. */
export function v1Machine({ own = '/jobs/a', root = '/', flags = 'rw' } = {}): Machine {
  const kernel = new FakeKernel();
  const mounts: string[] = [];
  const memberships: string[] = [];
  V1_GROUPS.forEach((controllers, index) => {
    const mountPoint = `/sys/fs/cgroup/${controllers.join(',')}`;
    mounts.push(mountLine(30 + index, root, mountPoint, 'cgroup', `rw,${controllers.join(',')}`, flags));
    memberships.unshift(`${index + 2}:${controllers.join(',')}:${own}`);
    kernel.mount(mountPoint, 1, controllers);
    const inside = own.startsWith(root) ? own.slice(root === '/' ? 0 : root.length) : '';
    kernel.cgroup(mountPoint + (inside === '/' ? '' : inside), [process.pid]);
    if (controllers[0] === 'cpuset') {
      kernel.addFiles({
        [`${mountPoint}${inside}/cpuset.effective_cpus`]: '0-3\n',
        [`${mountPoint}${inside}/cpuset.effective_mems`]: '0\n',
      });
    }
  });
  memberships.push(`1:name=systemd:${own}`);
  mounts.push(mountLine(50, root, '/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,name=systemd', flags));
  kernel.addFiles({
    '/proc/self/mountinfo': mounts.join('\n'),
    '/proc/self/cgroup': `${memberships.join('\n')}\n`,
  });
  return { kernel, setup: detectCgroups({ kernel }) };
}

/** Pure v2; this process, and `others`, live in `own`. */
export function v2Machine({
  own = '/user.slice/user-0.slice/session-1.scope',
  controllers = ['cpuset', 'cpu', 'memory', 'pids'],
  others = [] as number[],
  flags = 'rw',
} = {}): Machine {
  const kernel = new FakeKernel().mount('/sys/fs/cgroup', 2, controllers);
  kernel.cgroup(own === '/' ? '/sys/fs/cgroup' : `/sys/fs/cgroup${own}`, [process.pid, ...others]);
  kernel.addFiles({
    '/proc/self/mountinfo': mountLine(30, '/', '/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate', flags),
    '/proc/self/cgroup': `0::${own}\n`,
  });
  return { kernel, setup: detectCgroups({ kernel }) };
}

/** cpu, cpuset and pids on v1; memory on cgroup2. */
export function hybridMachine(): Machine {
  const kernel = new FakeKernel();
  const v1 = ['cpu', 'cpuset', 'pids'];
  v1.forEach(name => kernel.mount(`/sys/fs/cgroup/${name}`, 1, [name]));
  kernel.mount('/sys/fs/cgroup/unified', 2, ['memory']);
  kernel.addFiles({
    '/proc/self/mountinfo': [
      ...v1.map((name, index) =>
        mountLine(30 + index, '/', `/sys/fs/cgroup/${name}`, 'cgroup', `rw,${name}`),
      ),
      mountLine(40, '/', '/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
    ].join('\n'),
    '/proc/self/cgroup': '3:pids:/\n2:cpuset:/\n1:cpu:/\n0::/\n',
  });
  return { kernel, setup: detectCgroups({ kernel }) };
}
