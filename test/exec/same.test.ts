/** What a further command is within: the same as the container's own, compared on what the kernel shows of both. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ExecProcess } from '../../lib/engine/options';
import type { StartOptions } from '../../lib/engine/options';
import { until } from '../helpers/wait';
import { commandLine, output, processesWith, sh, useSkiff, waiting } from '../run/support';
import { filesOf, restrictionsOf, runInBackground } from './support';
import { itIf } from '../helpers/conditions';
import { run, skiffProgram } from '../helpers/run';
import { itWithLimits } from '../helpers/user-mode';

const skiff = useSkiff();

/** A container, and a command in it that waits as its own does. */
async function both(options: StartOptions, look: (own: number, other: number) => void): Promise<void> {
  await using container = await waiting(skiff(), options);
  await using other = await container.exec(['cat']);
  look(container.pid, other.pid);
}

describe('is the same', () => {
  const rows: [what: string, options: StartOptions][] = [
    ['by default', {}],
    ['of another user, with groups', { user: 'www-data' }],
    ['with limits of the process', { ulimits: ['nofile=100:200', 'core=0', 'nproc=90'] }],
    ['with few open files', { ulimits: ['nofile=5:5'] }],
    ["in the host's network", { network: 'host' }],
    ['with a read-only root', { readOnly: true, tmpfs: ['/tmp'] }],
  ];
  test.each(rows)('%s', async (_, options) => {
    await both(options, (own, other) => {
      expect(restrictionsOf(other)).toEqual(restrictionsOf(own));
      expect(fs.readFileSync(`/proc/${other}/mountinfo`, 'utf8')).toBe(
        fs.readFileSync(`/proc/${own}/mountinfo`, 'utf8'),
      );
    });
  });

  itWithLimits('with limits of the cgroup', async () => {
    await both({ memory: '64m', cpus: 0.5, pidsLimit: 50, cpuShares: 512 }, (own, other) => {
      expect(restrictionsOf(other)).toEqual(restrictionsOf(own));
    });
  });

  test('with an init as PID 1', async () => {
    await using container = await skiff().start(['cat'], { init: true });
    const own = await until('cat of the container', () =>
      processesWith(container.pid).find(pid => commandLine(pid) === 'cat'),
    );
    await using other = await container.exec(['cat']);
    expect(restrictionsOf(other.pid)).toEqual(restrictionsOf(own));
  });

  itWithLimits(
    "of one that was started by another process, with other limits than the caller's",
    async () => {
      const background = await runInBackground('--name', 'same', '-m', '64m', '--ulimit', 'nofile=77');
      try {
        await using other = await started(['cat'], background.directory);
        expect(restrictionsOf(other.pid)).toEqual(restrictionsOf(background.init));
        expect(restrictionsOf(other.pid).limits).toMatch(/Max open files +77 +77 /);
      } finally {
        await background.end();
      }
    },
  );

  async function started(command: string[], directory: string): Promise<ExecProcess> {
    const { Skiff } = await import('../../lib/engine');
    const root = directory.replace(/\/containers\/.*/, '');
    const other = await Skiff.open({ root });
    try {
      const process = await other.exec('same', command);
      void process.wait().then(() => other.close());
      return process;
    } catch (error) {
      await other.close();
      throw error;
    }
  }
});

test('nothing of the host is open in it, and it leads a session of its own', async () => {
  await both({}, (_, other) => {
    const files = filesOf(other);
    expect(Object.keys(files)).toEqual(['0', '1', '2']);
    for (const file of Object.values(files)) expect(file).toMatch(/^pipe:/);
    const [, , group, session] = fs.readFileSync(`/proc/${other}/stat`, 'latin1').split(') ')[1]!.split(' ');
    expect([group, session]).toEqual([String(other), String(other)]);
  });
});

test('its working directory and root are the container’s', async () => {
  await using container = await waiting(skiff(), { cwd: '/usr' });
  const result = await container.execToEnd(sh('pwd; ls -d /proc/1/root/bin; readlink /proc/self/cwd'));
  expect(result).toMatchObject({ exitCode: 0, stdout: '/usr\n/proc/1/root/bin\n/usr\n' });
});

test('a file that it writes is in the container, and a process of it is seen there', async () => {
  await using container = await waiting(skiff());
  await container.execToEnd(sh('echo hi > /written'));
  await using sleeper = await container.exec(['sleep', '321']);
  expect(commandLine(sleeper.pid)).toBe('sleep 321');
  expect((await container.execToEnd(sh('cat /written; ps'))).stdout).toMatch(/^hi\n(.*\n)*.* sleep 321\n/);
});

describe('environment', () => {
  test("is the container's, with what is asked for over it", async () => {
    await using container = await waiting(skiff(), { env: { A: 'container', B: 'container', LAST: 'x' } });
    const { stdout } = await container.execToEnd(['env'], { env: ['A=exec', 'B', 'C=exec'] });
    const names = stdout.trim().split('\n').sort();
    expect(names).toEqual([
      'A=exec',
      'C=exec',
      'HOME=/root',
      `HOSTNAME=${container.id.slice(0, 12)}`,
      'LAST=x',
      expect.stringMatching(/^PATH=/),
    ]);
  });

  test("HOSTNAME is this container's, of whichever the compiled options are", async () => {
    for (let round = 0; round < 2; round += 1) {
      await using container = await waiting(skiff(), { env: { SAME: 'options' } });
      const { stdout } = await container.execToEnd(sh('echo $HOSTNAME; hostname'));
      expect(stdout).toBe(`${container.id.slice(0, 12)}\n`.repeat(2));
    }
  });

  test('HOME is that of the user, unless somebody has set it', async () => {
    const home = sh('echo $HOME');
    await using plain = await waiting(skiff());
    expect((await plain.execToEnd(home)).stdout).toBe('/root\n');
    expect((await plain.execToEnd(home, { user: 'www-data' })).stdout).toBe('/var/www\n');
    expect((await plain.execToEnd(home, { user: '4321' })).stdout).toBe('/\n');
    expect((await plain.execToEnd(home, { env: { HOME: '/own' } })).stdout).toBe('/own\n');
    await using given = await waiting(skiff(), { env: { HOME: '/given' } });
    expect((await given.execToEnd(home, { user: 'www-data' })).stdout).toBe('/given\n');
  });

  test('TERM comes with a terminal, unless somebody has set it', async () => {
    await using container = await waiting(skiff());
    const term = async (options: { env?: string[] }) => {
      const process = await container.exec(sh('echo "<$TERM>"'), { ...options, tty: true });
      const chunks: Buffer[] = [];
      process.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
      await process.wait();
      await until('end of the output', () => Buffer.concat(chunks).includes('>') || undefined);
      return Buffer.concat(chunks).toString().trim();
    };
    expect(await term({})).toBe('<xterm>');
    expect(await term({ env: ['TERM=dumb'] })).toBe('<dumb>');
  });
});

describe('user', () => {
  test('by name, number and group, from the container as it is now', async () => {
    await using container = await waiting(skiff());
    const id = async (user: string) => (await container.execToEnd(['id'], { user })).stdout.trim();
    expect(await id('1234:55')).toBe('uid=1234 gid=55 groups=55');
    await container.execToEnd(sh('echo late:x:777:778::/late:/bin/sh >> /etc/passwd'));
    expect(await id('late')).toMatch(/^uid=777\(late\) gid=778/);
    await expect(container.execToEnd(['id'], { user: 'nobody-such' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'unable to find user nobody-such: no matching entries in passwd file',
    });
  });

  test('that is not root has no capability', async () => {
    await using container = await waiting(skiff());
    const script = sh('grep CapEff /proc/self/status');
    expect((await container.execToEnd(script, { user: '1000' })).stdout).toMatch(/\t0+\n/);
    expect((await container.execToEnd(script)).stdout).toMatch(/\t00000000a80425fb\n/);
  });

  test('a privileged command has what skiff has, in a container that has less', async () => {
    await using container = await waiting(skiff());
    const { stdout } = await container.execToEnd(sh('grep CapEff /proc/self/status'), { privileged: true });
    const own = /^CapPrm:\s*(\S+)$/m.exec(fs.readFileSync('/proc/self/status', 'latin1'))![1]!;
    expect(BigInt(`0x${stdout.split('\t')[1]!.trim()}`)).toBe(BigInt(`0x${own}`));
  });
});

itWithLimits('what it takes of memory counts for the container, and can end it', async () => {
  await using container = await waiting(skiff(), { memory: '48m', memorySwap: '48m' });
  const result = await container.execToEnd(sh('exec tail < /dev/zero'));
  expect(result).toMatchObject({ exitCode: 137, signal: 'SIGKILL', oomKilled: true });
  // The container's own command is none of those that were killed.
  expect(commandLine(container.pid)).toBe('cat');
});

itWithLimits('processes of it count for the container', async () => {
  await using container = await waiting(skiff(), { pidsLimit: 4 });
  const { exitCode } = await container.execToEnd(sh('sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'));
  expect(exitCode).not.toBe(0);
});

test('a control: without a limit the same goes well', async () => {
  await using container = await waiting(skiff());
  const { exitCode } = await container.execToEnd(sh('sleep 0 & sleep 0 & sleep 0 & sleep 0 & wait'));
  expect(exitCode).toBe(0);
  expect(await output(skiff(), ['echo', 'ok'])).toBe('ok');
  expect((await run(['exec', container.name, 'true'], { root: skiff().root })).code).toBe(0);
});

itIf(spawnSync('strace', ['-V']).status === 0, 'strace is not installed')(
  'where a pidfd says nothing to setns, before Linux 5.8, it joins by the files of /proc',
  async () => {
    await using container = await waiting(skiff());
    const log = path.join(skiff().root, 'strace');
    const inject = ['-e', 'trace=setns', '-e', 'inject=setns:error=EINVAL:when=1'];
    const words = [
      'exec',
      container.name,
      'sh',
      '-c',
      'for n in /proc/self/ns/*; do readlink $n; done; ls /proc/1',
    ];
    const traced = spawnSync('strace', ['-f', '-qq', '-o', log, ...inject, skiffProgram, ...words], {
      env: { ...process.env, SKIFF_ROOT: skiff().root },
      encoding: 'utf8',
    });
    expect(traced).toMatchObject({ status: 0, stderr: '' });
    const joined = fs.readFileSync(log, 'utf8').match(/setns\(.*/g) ?? [];
    expect(joined[0]).toMatch(/EINVAL .*INJECTED/);
    expect(joined.slice(1).map(line => /CLONE_NEW\w+/.exec(line)?.[0])).toEqual(
      ['IPC', 'UTS', 'NET', 'PID', 'NS'].map(kind => `CLONE_NEW${kind}`),
    );
    const own = fs
      .readdirSync(`/proc/${container.pid}/ns`)
      .map(name => fs.readlinkSync(`/proc/${container.pid}/ns/${name}`));
    expect(traced.stdout.split('\n')).toEqual(expect.arrayContaining(own));
  },
);
