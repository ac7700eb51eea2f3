/** What a container can do to a command that is started in it from outside: nothing to the host. */
import fs from 'node:fs';
import path from 'node:path';
import { initPath, Skiff } from '../../lib/engine';
import { native } from '../../lib/native';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { isUser } from '../helpers/user-mode';
import { commandLine, processesWith, sh, useSkiff, waiting } from '../run/support';
import { filesOf } from './support';

const skiff = useSkiff();

/** A user has none made: the kernel forbids it. */
const DEVICE: [string, string] = ['a device', 'rm /etc/passwd; mknod /etc/passwd c 1 5'];

describe('accounts', () => {
  const passwd = 'evil:x:0:0::/:/bin/sh\n';
  const rows: [what: string, script: string][] = [
    ['a FIFO', 'rm /etc/passwd; mkfifo /etc/passwd'],
    ...(isUser ? [] : [DEVICE]),
    ['a directory', 'rm /etc/passwd; mkdir /etc/passwd'],
    ['a link to itself', 'rm /etc/passwd; ln -s passwd /etc/passwd'],
    ['too large', 'head -c 2m /dev/zero > /etc/passwd'],
  ];
  test.each(rows)('%s in the place of /etc/passwd is an error, at once', async (_, script) => {
    await using container = await waiting(skiff());
    expect((await container.execToEnd(sh(script))).exitCode).toBe(0);
    await expect(container.execToEnd(['true'], { user: 'evil' })).rejects.toMatchObject({
      message: expect.stringMatching(/passwd|unable to find user/) as string,
    });
    // Who needs no account is not concerned.
    expect((await container.execToEnd(['echo', 'ok'])).stdout).toBe('ok\n');
  });

  test('a link is followed inside of the container, however it climbs', async () => {
    const outside = path.join(skiff().root, 'passwd');
    fs.writeFileSync(outside, passwd);
    await using container = await waiting(skiff());
    for (const target of [outside, `../../../../../../../..${outside}`, `/proc/1/root${outside}`]) {
      await container.execToEnd(sh('rm -f /etc/passwd; ln -s "$1" /etc/passwd', target));
      await expect(container.execToEnd(['true'], { user: 'evil' })).rejects.toMatchObject({
        message: expect.stringMatching(/find user evil|Too many levels of symbolic links/) as string,
      });
    }
    await container.execToEnd(sh('echo "good:x:44:44::/:" > /inside; ln -sf /inside /etc/passwd'));
    expect((await container.execToEnd(['id', '-u'], { user: 'good' })).stdout).toBe('44\n');
  });
});

test('a working directory that leads to the host by an open file is refused (CVE-2024-21626)', async () => {
  await using container = await waiting(skiff());
  const directory = fs.openSync('/tmp', fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    for (const cwd of ['/proc/self/fd/0', '/proc/self/fd/0/', '/proc/thread-self/fd/0']) {
      const options = { stdin: directory, cwd };
      await expect(container.execToEnd(['pwd'], options)).rejects.toMatchObject({
        code: 'EXDEV',
        step: 'cwd',
      });
      await expect(skiff().run(['pwd'], options)).rejects.toMatchObject({ code: 'EXDEV', step: 'cwd' });
    }
  } finally {
    fs.closeSync(directory);
  }
  // A link of the image's to such a place is no other way.
  await container.execToEnd(['ln', '-s', '/proc/self/fd', '/way']);
  expect((await container.execToEnd(['pwd'], { cwd: '/way' })).stdout).toMatch(/^\/proc\/\d+\/fd\n$/);
});

test('what enters can be looked at by nobody of the container, until it is the command', async () => {
  await using container = await waiting(skiff());
  // Root of the container, who may look at all that is its own.
  const look = async (pid: number) => {
    const inside = /^NSpid:.*\s(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!;
    const script = `cd /proc/$1; for what in exe cwd root fd/0 fd/3; do readlink $what; done; cat maps environ; head -c 1 mem`;
    const { stdout } = await container.execToEnd(sh(script, inside));
    return stdout;
  };
  const init = native().openInit({ path: initPath() });
  const pidfd = native().openProcess({ pid: container.pid });
  const entered = await native().enter({ init, pid: container.pid, pidfd, cgroups: [] });
  const ended = new Promise(resolve => native().watchExit({ pidfd: entered.pidfd }, resolve));
  expect(commandLine(entered.pid)).toBe('skiff-exec');
  expect(Object.values(filesOf(entered.pid))).toEqual([
    '/dev/null',
    '/dev/null',
    '/dev/null',
    expect.stringMatching(/^socket:/),
  ]);
  expect(await look(entered.pid)).toBe('');
  native().close({ fds: [init, pidfd, entered.pipe] });
  expect(await ended).toMatchObject({ code: 125 });
  // The control: the same of a command that runs.
  await using command = await container.exec(['sleep', '1000']);
  expect(await look(command.pid)).toContain('/bin/sleep\n');
});

test('a container that is still being set up is not entered', async () => {
  const root = tempRoot();
  const other = await Skiff.open({ root });
  const pool = await other.pool({ size: 1 });
  try {
    const [parked] = await other.list();
    expect(parked).toMatchObject({ status: 'running' });
    expect(commandLine(parked!.pid!)).toBe('skiff-init');
    await expect(other.exec(parked!.id, ['true'])).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
    expect((await run(['exec', parked!.id, 'true'], { root })).code).toBe(1);
  } finally {
    await pool.close();
    await other.close();
  }
});

test('a terminal is the container’s own, whatever stands at its name', async () => {
  await using container = await waiting(skiff());
  await using first = await container.exec(['cat'], { tty: true });
  first.stdout!.resume();
  const target = fs.readlinkSync(`/proc/${first.pid}/fd/0`);
  expect(target).toMatch(/^\/dev\/pts\/\d+$/);
  const [device] = ['dev'].map(name => fs.statSync(`/proc/${first.pid}/fd/0`)[name as 'dev']);
  expect(fs.existsSync('/dev/pts') && fs.statSync('/dev/pts').dev).not.toBe(device);
  expect(processesWith(container.pid)).toHaveLength(2);
  await until('both', () => commandLine(first.pid) === 'cat' || undefined);
});
