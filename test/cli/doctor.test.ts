import fs from 'node:fs';
import path from 'node:path';
import { main } from '../../lib/cli/main';
import { diagnose, type DoctorFacts, type DoctorReport } from '../../lib/engine/doctor';
import { fileRoot } from '../helpers/run';
import { capture, type Captured } from './capture';

const machine = {
  drivers: [{ name: 'overlay', check: async () => ({ usable: true }) }] as {
    name: string;
    check(): Promise<{ usable: boolean; reason?: string }>;
  }[],
};

jest.mock('../../lib/workspace', () => ({
  ...jest.requireActual<object>('../../lib/workspace'),
  storageDrivers: () => machine.drivers,
}));

const good: DoctorFacts = {
  kernel: 'Linux 6.1.0 x64',
  uid: 0,
  admin: true,
  namespaces: { pid: 9, mnt: 9, uts: 9, ipc: 9, net: 9 },
  drivers: [
    { name: 'aufs', usable: false, reason: 'the kernel has no aufs' },
    { name: 'overlay', usable: true },
  ],
  labels: { apparmor: true },
  cgroups: {
    mode: 'v2',
    controllers: [
      { name: 'memory', needed: true, version: 2, usable: true },
      {
        name: 'pids',
        needed: true,
        usable: false,
        problem: 'no pids controller is mounted',
        remedy: 'Mount it.',
      },
      { name: 'hugetlb', needed: false, usable: false },
    ],
  },
  init: { path: '/x/init', usable: true },
};

const finding = (report: DoctorReport, name: string) => report.findings.find(each => each.name === name);

test('a machine where run works, though not all of it', () => {
  const report = diagnose(good);
  expect(report.ok).toBe(true);
  expect(finding(report, 'storage driver aufs')).toMatchObject({
    status: 'note',
    detail: 'the kernel has no aufs',
  });
  expect(finding(report, 'cgroup')).toMatchObject({ status: 'ok', detail: 'v2: memory (v2)' });
  expect(finding(report, 'cgroup pids')).toMatchObject({ status: 'note', remedy: 'Mount it.' });
  expect(finding(report, 'cgroup hugetlb')).toBeUndefined();
});

test.each<[string, Partial<DoctorFacts>, string]>([
  ['not root', { uid: 1000, admin: false }, 'user'],
  ['root without rights', { admin: false }, 'user'],
  ['no namespaces', { namespaces: { ...good.namespaces, net: undefined } }, 'namespace net'],
  ['none allowed', { namespaces: { ...good.namespaces, pid: 0 } }, 'namespace pid'],
  ['no driver', { drivers: [{ name: 'vfs', usable: false, reason: 'x' }] }, 'storage driver vfs'],
  ['no addon', { addonProblem: 'not built' }, 'native addon'],
  ['no init', { init: { path: '/x', usable: false } }, 'init binary'],
])('%s: run can not work', (_, facts, name) => {
  const report = diagnose({ ...good, ...facts });
  expect(report.ok).toBe(false);
  expect(finding(report, name)).toMatchObject({ status: 'missing' });
});

describe('the command', () => {
  let said: Captured;
  beforeEach(() => {
    said = capture();
  });
  afterEach(() => jest.restoreAllMocks());

  test('json of this machine', async () => {
    const code = await main(['--root', fileRoot(), 'doctor', '--format', 'json']);
    const report = JSON.parse(said.out) as DoctorReport;
    expect(code).toBe(report.ok ? 0 : 1);
    expect(finding(report, 'kernel')!.detail).toContain(
      fs.readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    );
    expect(finding(report, 'storage driver overlay')).toMatchObject({ status: 'ok' });
    expect(finding(report, 'container')).toMatchObject({ status: 'ok', detail: 'one was run' });
  });

  test('1 where a container that is tried fails, though nothing is missing', async () => {
    const file = path.join(fileRoot(), 'file');
    fs.writeFileSync(file, '');
    expect(await main(['--root', path.join(file, 'root'), 'doctor'])).toBe(1);
    expect(said.out).toMatch(/^container +missing +cannot use the root directory: .*: not a directory$/m);
    expect(said.out).toMatch(/^container: Choose a directory that can be written to/m);
    expect(said.out).toMatch(/skiff run can not work here\.\n$/);
  });

  test('1 where run can not work', async () => {
    machine.drivers = [{ name: 'vfs', check: async () => ({ usable: false, reason: 'no room' }) }];
    expect(await main(['doctor'])).toBe(1);
    expect(said.out).toMatch(/^CHECK +STATUS +DETAIL\n/);
    expect(said.out).toMatch(/storage driver vfs +missing +no room\n/);
    expect(said.out).toMatch(/skiff run can not work here\.\n$/);
  });

  test('another format is refused', async () => {
    expect(await main(['doctor', '--format=xml'])).toBe(125);
    expect(said.err).toBe(
      'skiff: invalid argument "xml" for "--format" flag: must be table or json\nSee \'skiff doctor --help\'.\n',
    );
  });
});
