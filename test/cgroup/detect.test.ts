import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { detectCgroups, hasController, hierarchyOf, summary } from '../../lib/cgroup/detect';
import { decodeMountField, parseCgroupMounts } from '../../lib/cgroup/mountinfo';
import { FakeKernel } from './fake-kernel';
import { hybridMachine, v1Machine, v2Machine } from './machines';

function detect(mountinfo: string, cgroup: string, more: Record<string, string> = {}) {
  const kernel = new FakeKernel().addFiles({
    '/proc/self/mountinfo': mountinfo,
    '/proc/self/cgroup': cgroup,
    ...more,
  });
  return detectCgroups({ kernel });
}

describe('detectCgroups', () => {
  it('finds v1 with co-mounted controllers and passes named hierarchies over', () => {
    const { setup } = v1Machine();
    expect(setup.mode).toBe('v1');
    expect(hierarchyOf(setup, 'cpuacct')).toEqual({
      version: 1,
      controllers: ['cpu', 'cpuacct'],
      mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
      own: '/sys/fs/cgroup/cpu,cpuacct/jobs/a',
      readOnly: false,
    });
    expect(setup.hierarchies).toHaveLength(4);
    expect(hasController(setup, 'pids')).toBe(true);
    expect(hasController(setup, 'freezer')).toBe(false);
  });

  it('finds v2 with the controllers of the root and our own cgroup', () => {
    const { setup } = v2Machine();
    expect(setup).toEqual({
      mode: 'v2',
      hierarchies: [
        {
          version: 2,
          controllers: ['cpuset', 'cpu', 'memory', 'pids'],
          mountPoint: '/sys/fs/cgroup',
          own: '/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope',
          readOnly: false,
        },
      ],
    });
  });

  it('finds which version carries what on a hybrid machine', () => {
    const { setup } = hybridMachine();
    expect(setup.mode).toBe('hybrid');
    expect(hierarchyOf(setup, 'memory')?.version).toBe(2);
    expect(hierarchyOf(setup, 'pids')).toMatchObject({ version: 1, own: '/sys/fs/cgroup/pids' });
    expect(summary(setup)).toBe('hybrid: pids, cpuset, cpu on v1; memory on v2');
  });

  it('is v2 where v1 has nothing but the named hierarchy of systemd', () => {
    const setup = detect(
      '31 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n' +
        '32 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n',
      '1:name=systemd:/\n0::/\n',
      { '/sys/fs/cgroup/unified/cgroup.controllers': 'memory pids\n' },
    );
    expect(setup.mode).toBe('v2');
    expect(setup.hierarchies[0]?.controllers).toEqual(['memory', 'pids']);
  });

  it.each([
    ['nothing mounted', '22 1 0:3 / / rw - ext4 /dev/vda rw\n', '4:memory:/\n0::/\n'],
    ['no membership', '31 30 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n', ''],
    ['empty files', '', ''],
  ])('is none with %s', (_, mountinfo, cgroup) => {
    expect(detect(mountinfo, cgroup)).toEqual({ mode: 'none', hierarchies: [] });
  });

  it('is none without /proc', () => {
    expect(detectCgroups({ kernel: new FakeKernel() })).toEqual({ mode: 'none', hierarchies: [] });
  });

  it('finds our cgroup at the mount point where a container engine bind-mounted it there', () => {
    const { setup } = v1Machine({ own: '/docker/abc', root: '/docker/abc', flags: 'ro' });
    expect(hierarchyOf(setup, 'memory')).toMatchObject({ own: '/sys/fs/cgroup/memory', readOnly: true });
  });

  it('finds our cgroup below the root of a bind mount', () => {
    const { setup } = v1Machine({ own: '/docker/abc/inner', root: '/docker/abc' });
    expect(hierarchyOf(setup, 'memory')?.own).toBe('/sys/fs/cgroup/memory/inner');
  });

  it.each([
    ['the mount shows another subtree', '/docker/other', '/docker/abc'],
    ['a name only begins alike', '/docker/ab', '/docker/abc'],
    ['the mount comes from outside our cgroup namespace', '/../..', '/'],
    ['we live outside our cgroup namespace', '/', '/../other'],
  ])('falls back to the mount point where %s', (_, root, own) => {
    const setup = detect(`31 30 0:28 ${root} /cg rw - cgroup cgroup rw,memory\n`, `4:memory:${own}\n`);
    expect(setup.hierarchies[0]?.own).toBe('/cg');
  });

  it('prefers, of several mounts of a hierarchy, the one that shows us and can be written', () => {
    const setup = detect(
      '31 30 0:28 /elsewhere /a rw - cgroup cgroup rw,memory\n' +
        '32 30 0:28 / /b ro - cgroup cgroup rw,memory\n' +
        '33 30 0:28 / /c rw - cgroup cgroup rw,memory\n' +
        '34 30 0:29 / /d rw - cgroup cgroup rw,pids\n',
      '4:memory:/x\n',
    );
    expect(setup.hierarchies).toMatchObject([{ mountPoint: '/c', own: '/c/x', readOnly: false }]);
  });

  it('takes a cgroup path with a colon whole', () => {
    const setup = detect('31 30 0:28 / /cg rw - cgroup2 none rw\n', '0::/a:b:c\n');
    expect(setup.hierarchies[0]?.own).toBe('/cg/a:b:c');
  });

  it('reads a tree of real files below another root', () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-cgroup-'));
    try {
      fs.mkdirSync(`${root}/proc/self`, { recursive: true });
      fs.mkdirSync(`${root}/sys/fs/cgroup`, { recursive: true });
      fs.writeFileSync(`${root}/proc/self/mountinfo`, '31 30 0:28 / /sys/fs/cgroup rw - cgroup2 none rw\n');
      fs.writeFileSync(`${root}/proc/self/cgroup`, '0::/app\n');
      fs.writeFileSync(`${root}/sys/fs/cgroup/cgroup.controllers`, 'cpu pids\n');
      expect(detectCgroups({ root }).hierarchies).toEqual([
        {
          version: 2,
          controllers: ['cpu', 'pids'],
          mountPoint: `${root}/sys/fs/cgroup`,
          own: `${root}/sys/fs/cgroup/app`,
          readOnly: false,
        },
      ]);
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  });
});

/** As the kernel writes a path into mountinfo: seq_path() escapes these. */
function escapeField(text: string): string {
  return text.replace(/[ \t\n\\#]/g, char => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

describe('mountinfo', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'Z', '0', ' ', '\t', '\n', '\\', '#', ',', ':', '-', 'ä'),
  });

  it('gives back every escaped path', () => {
    fc.assert(fc.property(name, text => expect(decodeMountField(escapeField(text))).toBe(text)));
  });

  it('reads every line that the kernel may write', () => {
    const tags = fc.array(fc.constantFrom('shared:1', 'master:2', 'propagate_from:3', 'unbindable'));
    fc.assert(
      fc.property(name, name, tags, fc.boolean(), (root, mountPoint, optional, readOnly) => {
        const fields = ['31', '30', '0:28', escapeField(`/${root}`), escapeField(`/${mountPoint}`)];
        const line = [
          ...fields,
          readOnly ? 'ro,nosuid' : 'rw',
          ...optional,
          '-',
          'cgroup',
          'none',
          'rw,cpu',
        ].join(' ');
        expect(parseCgroupMounts(`${line}\n`)).toEqual([
          {
            version: 1,
            root: `/${root}`,
            mountPoint: `/${mountPoint}`,
            readOnly,
            superOptions: ['rw', 'cpu'],
          },
        ]);
      }),
    );
  });

  it('never fails, whatever the text', () => {
    const text = fc.string({
      unit: fc.constantFrom(' ', '-', '\n', '\\', '0', 'cgroup', 'cgroup2', ' - cgroup', '/'),
    });
    fc.assert(fc.property(text, garbage => expect(Array.isArray(parseCgroupMounts(garbage))).toBe(true)));
  });

  it('keeps the later of two mounts on one mount point', () => {
    const line = (root: string) => `31 30 0:28 ${root} /cg rw - cgroup2 none rw\n`;
    expect(parseCgroupMounts(line('/a') + line('/b')).map(mount => mount.root)).toEqual(['/b']);
  });
});
