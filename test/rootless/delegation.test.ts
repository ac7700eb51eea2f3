/** Limits of a user's containers on cgroup v2: in what systemd delegates to the user, and where it does not. */
import fs from 'node:fs';
import path from 'node:path';
import { detectCgroups } from '../../lib/cgroup';
import { describeIf } from '../helpers/conditions';
import { UID, User, whyNot } from './user';

const TIMEOUT_MS = 120_000;
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];

const { mode, hierarchies } = detectCgroups();
const [unified] = hierarchies;
const isRoot = mode === 'v2' && unified?.own === unified?.mountPoint;
const reason = whyNot() ?? (isRoot ? undefined : 'needs cgroup v2 alone, with this process in its root');
const describeHere = describeIf(reason === undefined, reason ?? '', 'cgroup-v2');

/** A slice of root's, and the user's cgroups in it as systemd names them. */
const slice = path.join(unified?.mountPoint ?? '/', `skiff-test-${process.pid}.slice`);
const service = path.join(slice, `user@${UID}.service`);
const app = path.join(service, 'app.slice');
const session = path.join(slice, 'session-1.scope');

function handDown(directory: string): void {
  fs.writeFileSync(
    path.join(directory, 'cgroup.subtree_control'),
    CONTROLLERS.map(name => `+${name}`).join(' '),
  );
}

/** What Delegate=yes gives to a user, systemd.resource-control(5) and cgroups(7): the directory and these files. */
function delegate(directory: string): void {
  fs.mkdirSync(directory);
  for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads']) {
    fs.chownSync(path.join(directory, name), UID, UID);
  }
}

function makeCgroups(): void {
  handDown(unified!.mountPoint);
  fs.mkdirSync(slice);
  handDown(slice);
  fs.mkdirSync(session);
  for (const directory of [service, app]) delegate(directory);
}

let scopes = 0;

/** As `systemd-run --user --scope` makes one for each program. */
function newScope(): string {
  scopes += 1;
  const scope = path.join(app, `run-${scopes}.scope`);
  delegate(scope);
  return scope;
}

/** Directories of containers in the slice. */
function containerCgroups(): string[] {
  return fs
    .readdirSync(slice, { recursive: true, encoding: 'utf8' })
    .filter(name => /(^|\/)skiff-[0-9a-f]{64}$/.test(name))
    .map(name => path.join(slice, name));
}

describeHere('a user of cgroup v2', () => {
  let user: User;
  let outsider: User;
  beforeAll(() => {
    makeCgroups();
    user = new User(true, { cgroup: newScope });
    outsider = new User(true, { cgroup: () => session });
  });
  afterAll(async () => {
    await user.remove();
    await outsider.remove();
    const left = fs.readdirSync(slice, { recursive: true, encoding: 'utf8' });
    const directories = left
      .map(name => path.join(slice, name))
      .filter(name => fs.statSync(name).isDirectory());
    for (const directory of [...directories.sort().reverse(), slice]) fs.rmdirSync(directory);
  });

  test(
    'what is delegated limits a detached container, over all of its life',
    async () => {
      const limits = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '20', '--cpuset-cpus', '0'];
      await user.output('run', '-d', '--name', 'bird', ...limits, 'sleep', '1000');
      try {
        const [first, ...others] = containerCgroups();
        expect(others).toEqual([]);
        let cgroup = first;
        const value = (name: string) => fs.readFileSync(path.join(cgroup!, name), 'utf8').trim();
        const facts = () => ['memory.max', 'cpu.max', 'pids.max', 'cpuset.cpus'].map(value);
        expect(facts()).toEqual([String(64 << 20), '50000 100000', '20', '0']);
        const inside = `0::${cgroup!.slice(unified!.mountPoint.length)}`;
        expect(await user.output('exec', 'bird', 'cat', '/proc/self/cgroup')).toBe(inside);

        await user.output('pause', 'bird');
        expect(value('cgroup.events')).toContain('frozen 1');
        await user.output('unpause', 'bird');
        expect(value('cgroup.events')).toContain('frozen 0');

        await user.output('update', '-m', '48m', '--pids-limit', '30', 'bird');
        expect(facts()).toEqual([String(48 << 20), '50000 100000', '30', '0']);
        const stats = await user.output(
          'stats',
          '--no-stream',
          '--format',
          '{{.MemUsage}} {{.PIDs}}',
          'bird',
        );
        expect(stats).toMatch(/ \/ 48MiB 1$/);

        await user.output('restart', '-t', '0', 'bird');
        // In the scope of who starts it again.
        [cgroup] = containerCgroups();
        expect(facts()).toEqual([String(48 << 20), '50000 100000', '30', '0']);
      } finally {
        await user.output('rm', '-f', 'bird');
      }
      expect(containerCgroups()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'and ends what goes beyond it',
    async () => {
      const { code } = await user.skiff('run', '-m', '32m', '--memory-swap', '32m', 'tail', '/dev/zero');
      expect(code).toBe(137);
      const bomb = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done';
      expect((await user.skiff('run', '--pids-limit', '5', 'sh', '-c', bomb)).stderr).toContain("can't fork");
      expect(containerCgroups()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'where nothing is delegated a limit is an error that tells the line of systemd, and without one all works',
    async () => {
      const { code, stderr } = await outsider.skiff('run', '-m', '64m', 'true');
      expect(code).toBe(125);
      expect(stderr).toMatch(/^skiff: cannot limit memory: .*: no permission/);
      expect(stderr).toContain('systemd-run --user --scope -p Delegate=yes');
      expect(stderr).toContain('Delegate=cpu cpuset io memory pids');
      expect(await outsider.output('run', 'echo', 'works')).toBe('works');

      await outsider.output('run', '-d', '--name', 'bird', 'sleep', '1000');
      try {
        expect(await outsider.output('exec', 'bird', 'echo', 'works')).toBe('works');
        const paused = await outsider.skiff('pause', 'bird');
        expect(paused.code).toBe(1);
        expect(paused.stderr).toMatch(
          /^skiff: cannot pause container .*: it has no cgroup that can be frozen/,
        );
        expect(await outsider.output('commit', 'bird', 'nest')).toMatch(/^sha256:/);
      } finally {
        await outsider.output('rm', '-f', 'bird');
      }
    },
    TIMEOUT_MS,
  );
});
