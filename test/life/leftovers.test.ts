/**
 * What the sweep takes for a leftover: it judges by pid, start time and boot together. Directories, records, names,
 * mounts and cgroups are made by hand as a killed or a living process would have left them.
 */
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { identify, type ProcessIdentity } from '../../lib/common/identity';
import { Skiff } from '../../lib/engine';
import { native } from '../../lib/native';
import type { ContainerRecord } from '../../lib/state';
import { itIf } from '../helpers/conditions';
import { tempRoot } from '../helpers/temp';
import { canLimit, describeWithLimits } from '../helpers/user-mode';
import { until } from '../helpers/wait';
import { containersOf, isRunning, mountsBelow, Program } from './support';

const self = identify(process.pid)!;
const reusedPid: ProcessIdentity = { ...self, startTime: self.startTime - 1 };
const otherBoot: ProcessIdentity = { ...self, bootId: '00000000-0000-4000-8000-000000000000' };

let root: string;
let skiff: Skiff;

beforeEach(async () => {
  root = tempRoot();
  skiff = await Skiff.open({ root });
});
afterEach(async () => {
  await Program.endAll();
  await skiff.close();
  // What rightly stayed. A mount in it must not be walked into.
  if (mountsBelow(root).length === 0) fs.rmSync(root, { recursive: true });
});

const newId = () => crypto.randomBytes(32).toString('hex');
const inRoot = (...names: string[]) => path.join(root, ...names);

function recordOf(id: string, changes: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    version: 1,
    id,
    name: id.slice(0, 12),
    status: 'running',
    owner: reusedPid,
    created: Date.now(),
    image: 'busybox',
    command: ['sleep', '1000'],
    driver: 'overlay',
    ...changes,
  };
}

/** A container's directory by hand, with its record and something in its write layer. */
function make(changes: Partial<ContainerRecord> = {}, id = newId()): string {
  fs.mkdirSync(inRoot('containers', id, 'writeLayer', 'tmp'), { recursive: true });
  fs.writeFileSync(inRoot('containers', id, 'writeLayer', 'tmp', 'file'), 'content');
  fs.writeFileSync(inRoot('containers', id, 'state.json'), JSON.stringify(recordOf(id, changes)));
  return id;
}

function makeWithText(text: string): string {
  const id = make();
  fs.writeFileSync(inRoot('containers', id, 'state.json'), text);
  return id;
}

function claim(name: string, id: string): void {
  fs.mkdirSync(inRoot('names', name), { recursive: true });
  fs.writeFileSync(inRoot('names', name, id), '');
}

describe('the owner', () => {
  test.each([
    ['another process with its pid', reusedPid],
    ['one of another boot', otherBoot],
    ['one whose pid nobody has', { ...self, pid: 4_194_305 }],
  ])('%s: removed', async (_, owner) => {
    for (const status of ['starting', 'running'] as const) make({ owner, status });
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([]);
  });

  test('a living one: not touched', async () => {
    const ids = (['starting', 'running', 'exited'] as const).map(status => make({ owner: self, status }));
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root).sort()).toEqual(ids.map(id => `containers/${id}`).sort());
    for (const id of ids)
      expect(fs.readFileSync(inRoot('containers', id, 'writeLayer/tmp/file'), 'utf8')).toBe('content');
  });

  test('a kept container stays when its owner is gone', async () => {
    const id = make({ status: 'exited', name: 'kept' });
    claim('kept', id);
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([`containers/${id}`, 'names/kept']);
  });
});

describe('a half-made directory', () => {
  const nameOf = ({ pid, startTime, bootId, pidNamespace }: ProcessIdentity) =>
    `.new-${pid}.${startTime}.${bootId}.${pidNamespace}.${newId()}`;

  test.each([
    ['of a reused pid', nameOf(reusedPid)],
    ['of another boot', nameOf(otherBoot)],
    ['of a name that says nothing', '.new-'],
  ])('%s: removed', async (_, name) => {
    fs.mkdirSync(inRoot('containers', name));
    fs.writeFileSync(inRoot('containers', name, 'state.json'), '{"ver');
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([]);
  });

  test('of a living process: not touched', async () => {
    const name = nameOf(self);
    fs.mkdirSync(inRoot('containers', name));
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([`containers/${name}`]);
  });
});

describe('a record', () => {
  const whole = JSON.stringify(recordOf('x'));
  test.each([
    ['empty', ''],
    ['cut short', whole.slice(0, whole.length / 2)],
    ['zeros, as a power cut leaves them', '\0'.repeat(400)],
    ['no object', '"text"'],
    ['without a version', '{}'],
    ['without an owner', '{"version":1}'],
    ['with an owner that is none', '{"version":1,"owner":7,"status":"running"}'],
    [
      'with half an owner',
      `{"version":1,"status":"running","owner":{"bootId":"${self.bootId}","pid":4194305}}`,
    ],
  ])('unreadable (%s): removed, and so is what comes after it', async (_, text) => {
    makeWithText(text);
    make();
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([]);
  });

  test('that is missing: removed', async () => {
    fs.rmSync(inRoot('containers', make(), 'state.json'));
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([]);
  });

  test('of a later version: told and left alone, and others are removed', async () => {
    const later = makeWithText(JSON.stringify({ ...recordOf('x'), version: 2, owner: 'somebody' }));
    make();
    const problems = await skiff.sweep();
    expect(problems).toEqual([expect.stringMatching(`${later.slice(0, 12)}.*later version.*left alone`)]);
    expect(containersOf(root)).toEqual([`containers/${later}`]);
  });

  test('that is a directory: removed, and others are removed', async () => {
    const id = make();
    fs.rmSync(inRoot('containers', id, 'state.json'));
    fs.mkdirSync(inRoot('containers', id, 'state.json'));
    make();
    await skiff.sweep();
    expect(containersOf(root)).toEqual([]);
  });
});

test('what is no container is left alone and stops nothing', async () => {
  fs.writeFileSync(inRoot('containers', 'README'), 'text');
  fs.mkdirSync(inRoot('names'));
  fs.writeFileSync(inRoot('names', 'note'), 'text');
  claim('stale', newId());
  make();
  await skiff.sweep();
  expect(containersOf(root)).toEqual(['containers/README', 'names/note']);
  fs.rmSync(inRoot('containers', 'README'));
  fs.rmSync(inRoot('names', 'note'));
});

test('names without a container are freed, those of containers stay, and a stale one can be taken', async () => {
  const kept = make({ status: 'exited', name: 'kept' });
  claim('kept', kept);
  // A rename of it was killed before its record told of it.
  claim('renamed', kept);
  claim('stale', newId());
  expect((await skiff.run(['true'], { name: 'stale' })).exitCode).toBe(0);
  await expect(skiff.run(['true'], { name: 'kept' })).rejects.toMatchObject({
    code: 'NAME_IN_USE',
    step: 'name',
  });
  claim('stale', newId());
  // Killed in the middle of freeing it.
  fs.mkdirSync(inRoot('names', 'empty'));
  expect(await skiff.sweep()).toEqual([]);
  expect(containersOf(root)).toEqual([`containers/${kept}`, 'names/kept']);
});

test('the name of a removed leftover is free again', async () => {
  claim('web', make({ name: 'web' }));
  expect(await skiff.sweep()).toEqual([]);
  expect(containersOf(root)).toEqual([]);
});

test('a mount that was left goes, busy or not', async () => {
  const busy = make();
  for (const id of [make(), busy]) {
    const mnt = inRoot('containers', id, 'mnt');
    fs.mkdirSync(mnt);
    execFileSync('mount', ['-t', 'tmpfs', 'skiff-life', mnt]);
  }
  const inside = fs.openSync(inRoot('containers', busy, 'mnt', 'open'), 'w');
  expect(mountsBelow(root)).toHaveLength(2);
  try {
    expect(await skiff.sweep()).toEqual([]);
    expect(containersOf(root)).toEqual([]);
    expect(mountsBelow(root)).toEqual([]);
  } finally {
    fs.closeSync(inside);
  }
});

const CGROUPS = '/sys/fs/cgroup';
/** Of version 1, which every process of root may make children of; the directory is the test's own. */
const directoriesOf = (id: string) =>
  ['memory', 'pids', 'freezer']
    .map(controller => path.join(CGROUPS, controller))
    .filter(directory => fs.existsSync(path.join(directory, 'cgroup.procs')))
    .map(directory => path.join(directory, `skiff-${id}`));

describeWithLimits('a cgroup that was left', () => {
  test.each([
    ['recorded', true],
    ['not yet recorded', false],
  ])('%s: goes with its processes', async (_, recorded) => {
    const id = newId();
    const directories = directoriesOf(id);
    for (const directory of directories) fs.mkdirSync(directory);
    make(recorded ? { cgroupPaths: directories } : { status: 'starting' }, id);
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    for (const directory of directories)
      fs.writeFileSync(path.join(directory, 'cgroup.procs'), String(child.pid));
    expect(await skiff.sweep()).toEqual([]);
    // Without such hierarchies nothing could be put into a cgroup of the test's own.
    if (directories.length === 0) child.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    expect(directories.filter(directory => fs.existsSync(directory))).toEqual([]);
    expect(containersOf(root)).toEqual([]);
  });

  itIf(directoriesOf(newId()).length > 0, 'no hierarchy of cgroup v1 with memory, pids or freezer')(
    'keeps the record while it is busy: who is killed then leaves it to be found',
    async () => {
      const id = newId();
      const directories = directoriesOf(id);
      for (const directory of directories) fs.mkdirSync(directory);
      make({ cgroupPaths: directories }, id);
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      fs.writeFileSync(path.join(directories[0]!, 'cgroup.procs'), String(child.pid));
      const container = inRoot('containers', id);
      const mountPoint = path.join(container, 'mnt');
      const removed = await native().remove({ cgroups: directories, mountPoint, trees: [container] });
      expect(removed.busy).toEqual([directories[0]]);
      expect(fs.existsSync(path.join(container, 'state.json'))).toBe(true);
      expect(await skiff.sweep()).toEqual([]);
      expect((await ended)[1]).toBe('SIGKILL');
      expect(directories.filter(directory => fs.existsSync(directory))).toEqual([]);
      expect(containersOf(root)).toEqual([]);
    },
  );
});

test('a recorded cgroup that is not its own is not touched, and told', async () => {
  const other = directoriesOf(newId())[0] ?? '/sys/fs/cgroup';
  const id = make({ cgroupPaths: [other] });
  expect(await skiff.sweep()).toEqual([expect.stringContaining(id.slice(0, 12))]);
  expect(containersOf(root)).toEqual([`containers/${id}`]);
});

describe('the recorded init', () => {
  test('is killed where it still runs', async () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    make({ init: identify(child.pid!) });
    expect(await skiff.sweep()).toEqual([]);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(containersOf(root)).toEqual([]);
  });

  test('a process that has its pid today is not touched', async () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    const now = identify(child.pid!)!;
    make({ init: { ...now, startTime: now.startTime - 1 } });
    make({ init: { ...now, bootId: otherBoot.bootId } });
    expect(await skiff.sweep()).toEqual([]);
    expect(isRunning(child.pid!)).toBe(true);
    child.kill('SIGKILL');
    await ended;
    expect(containersOf(root)).toEqual([]);
  });
});

test('a living container of another process is not touched', async () => {
  const program = Program.start(
    `const skiff = await Skiff.open({ root });
     const container = await skiff.start(['cat'], { name: 'other', stdin: 'pipe'${canLimit ? ", memory: '32m'" : ''} });
     say(container.pid);
     await hear();
     container.stdin.end('still here');
     let text = '';
     for await (const chunk of container.stdout) text += chunk;
     say({ text, ...(await container.wait()) });
     await skiff.close();`,
    root,
  );
  const pid = await program.heard<number>();
  for (let round = 0; round < 5; round += 1) {
    expect(await skiff.sweep()).toEqual([]);
    expect((await skiff.run(['true'])).exitCode).toBe(0);
  }
  expect(isRunning(pid!)).toBe(true);
  program.tell();
  expect(await program.heard()).toMatchObject({ text: 'still here', exitCode: 0 });
  await program.ended;
  expect(containersOf(root)).toEqual([]);
});

test('eight sweeps at once over thirty leftovers remove them all', async () => {
  for (let made = 0; made < 30; made += 1) {
    const id = make({ name: `n${made}` });
    claim(`n${made}`, id);
  }
  const others = await Promise.all(Array.from({ length: 7 }, () => Skiff.open({ root })));
  const problems = await Promise.all([skiff, ...others].map(one => one.sweep()));
  await Promise.all(others.map(one => one.close()));
  expect(problems.flat()).toEqual([]);
  await until('nothing left', () => containersOf(root).length === 0);
});

test('a kept container of another PID namespace is removed without a signal to whoever has its pid here', async () => {
  const bystander = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    const id = newId();
    const init = { ...identify(bystander.pid!)!, pidNamespace: '1' };
    fs.mkdirSync(inRoot('containers', id), { recursive: true });
    const record = recordOf(id, { status: 'exited', owner: { ...self, pidNamespace: '1' }, init });
    fs.writeFileSync(inRoot('containers', id, 'state.json'), JSON.stringify(record));
    expect(await skiff.remove(id)).toBe(id);
    expect(containersOf(root)).toEqual([]);
    expect(isRunning(bystander.pid!)).toBe(true);
  } finally {
    bystander.kill('SIGKILL');
    await once(bystander, 'exit');
  }
});
