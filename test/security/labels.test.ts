import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { securityModules } from '../../lib/engine/security-modules';
import {
  applyLabels,
  chooseLabel,
  type LabelChoice,
  type SecurityModules,
} from '../../lib/spec/security-labels';
import type { Process } from '../../lib/spec/types';
import { describeIf } from '../helpers/conditions';
import { run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { sh } from '../run/support';

const SELINUX = { apparmor: false, selinux: { context: 'system_u:system_r:container_t:s0' } };
const APPARMOR = { apparmor: true };

/** What `--security-opt OPT...` makes of a process on a machine. */
function labels(modules: SecurityModules, ...options: [name: string, value: string][]): Partial<Process> {
  const choice: LabelChoice = {};
  for (const [name, value] of options) expect(chooseLabel(choice, name, value)).toBe(true);
  const process = {} as Process;
  applyLabels(process, choice, modules);
  return process;
}

describe('what the options mean', () => {
  it('a profile, and the last one counts', () => {
    expect(labels(APPARMOR, ['apparmor', 'a'], ['apparmor', 'b'])).toEqual({ apparmorProfile: 'b' });
    expect(labels(APPARMOR, ['apparmor', 'a'], ['apparmor', 'unconfined'])).toEqual({});
  });

  it('parts of a context take the place of those of the default', () => {
    const label = (...parts: string[]) =>
      labels(SELINUX, ...parts.map(part => ['label', part] as [string, string])).selinuxLabel;
    expect(label('type:spc_t')).toBe('system_u:system_r:spc_t:s0');
    expect(label('level:s0:c100,c200')).toBe('system_u:system_r:container_t:s0:c100,c200');
    expect(label('user:u', 'role:r', 'type:t', 'level:s1')).toBe('u:r:t:s1');
    expect(label('type:spc_t', 'disable')).toBeUndefined();
  });

  it.each([
    ['label', 'nothing'],
    ['label', 'type:'],
    ['label', 'type:a b'],
    ['label', 'type:a:b'],
    ['apparmor', 'a b'],
    ['apparmor', 'a\nexec unconfined'],
  ])('%s=%j is refused', (name, value) => {
    expect(() => chooseLabel({}, name, value)).toThrow(/^invalid/);
  });

  it('what the kernel does not have is an error that says so', () => {
    expect(() => labels(APPARMOR, ['label', 'type:t'])).toThrow(
      'cannot set the SELinux label: type:t: this kernel runs without SELinux',
    );
    expect(() => labels(SELINUX, ['apparmor', 'p'])).toThrow(
      'cannot set the AppArmor profile: p: this kernel runs without AppArmor',
    );
    expect(labels({ apparmor: false }, ['apparmor', 'unconfined'], ['label', 'disable'])).toEqual({});
  });
});

describe('which modules a machine has', () => {
  const modules = (files: Record<string, string>) => {
    const directory = tempDirectory();
    try {
      for (const [file, text] of Object.entries(files)) {
        fs.mkdirSync(`${directory.path}${file.slice(0, file.lastIndexOf('/'))}`, { recursive: true });
        fs.writeFileSync(`${directory.path}${file}`, text);
      }
      return securityModules(directory.path);
    } finally {
      directory.remove();
    }
  };
  const ENFORCE = { '/sys/fs/selinux/enforce': '1' };

  it('none', () => {
    expect(modules({})).toEqual({ apparmor: false, selinux: undefined });
    expect(modules({ '/sys/module/apparmor/parameters/enabled': 'N\n' }).apparmor).toBe(false);
  });

  it('AppArmor', () => {
    expect(modules({ '/sys/module/apparmor/parameters/enabled': 'Y\n' }).apparmor).toBe(true);
  });

  it("SELinux, with the policy's context of containers or else this process's", () => {
    const policy = {
      '/etc/selinux/config': '# a comment\nSELINUX=enforcing\nSELINUXTYPE=mls\n',
      '/etc/selinux/mls/contexts/lxc_contexts':
        'process = "system_u:system_r:container_t:s0"\nfile = "system_u:object_r:container_file_t:s0"\n',
    };
    expect(modules({ ...ENFORCE, ...policy }).selinux).toEqual(SELINUX.selinux);
    const own = { '/proc/self/attr/current': 'u:r:t:s0-s0:c0.c1023\0' };
    expect(modules({ ...ENFORCE, ...own }).selinux).toEqual({ context: 'u:r:t:s0-s0:c0.c1023' });
  });
});

const PROFILE = `skiff-test-${process.pid}`;
const hasParser = spawnSync('apparmor_parser', ['--version']).error === undefined;
const here = securityModules().apparmor && hasParser && process.getuid?.() === 0;

function parser(...args: string[]): void {
  const text = `profile ${PROFILE} flags=(attach_disconnected) {
  network, capability, file, umount, signal, deny mount, deny /etc/passwd r,
}\n`;
  const { status, stderr } = spawnSync('apparmor_parser', args, { input: text, encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

describeIf(
  here,
  'needs root, AppArmor and apparmor_parser',
  'apparmor',
)('with AppArmor', () => {
  const CONFINED = ['--security-opt', `apparmor=${PROFILE}`];
  const CURRENT = ['cat', '/proc/self/attr/current'];
  const text = async (...args: string[]) => (await run(args)).stdout.toString();

  beforeAll(() => parser('--replace', '--skip-cache'));
  afterAll(() => parser('--remove'));

  it('the command is in the profile, whoever it runs as', async () => {
    const enforced = `${PROFILE} (enforce)\n`;
    expect(await text('run', ...CONFINED, ...CURRENT)).toBe(enforced);
    const others = ['--init', '-u', '1000', '--security-opt', 'no-new-privileges'];
    expect(await text('run', ...others, ...CONFINED, ...CURRENT)).toBe(enforced);
    expect(await text('run', '--profile', 'sandbox', ...CONFINED, ...CURRENT)).toBe(enforced);
  });

  it('and what that denies is denied; control: without it, it is not', async () => {
    const script = sh(
      'cat /etc/passwd >/dev/null && echo read; mount -t tmpfs none /mnt && echo mounted; true',
    );
    expect(await text('run', '--cap-add', 'SYS_ADMIN', ...script)).toBe('read\nmounted\n');
    expect(await text('run', '--cap-add', 'SYS_ADMIN', ...CONFINED, ...script)).toBe('');
  });

  it('exec is in it too, but for --privileged', async () => {
    await run(['run', '-d', '--name', 'confined', ...CONFINED, 'sleep', '1000']);
    try {
      expect(await text('exec', 'confined', ...CURRENT)).toBe(`${PROFILE} (enforce)\n`);
      expect(await text('exec', '--privileged', 'confined', ...CURRENT)).toBe('unconfined\n');
    } finally {
      await run(['rm', '-f', 'confined']);
    }
  });

  it.each([['run'], ['run -d --rm']])('%s: a profile that was not loaded is an error', async command => {
    const { code, stdout, stderr } = await run([
      ...command.split(' '),
      '--security-opt',
      'apparmor=none',
      'true',
    ]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 125, stdout: '' });
    expect(stderr).toMatch(/^skiff: cannot set the AppArmor profile: none: the kernel has no such profile\n/);
  });
});
