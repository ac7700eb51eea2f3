/** skiff doctor where things are missing: it tells of them, and leaves nothing. */
import { spawnSync } from 'node:child_process';
import { itIf } from '../helpers/conditions';
import { fileRoot, skiffProgram } from '../helpers/run';

const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0;

itIf(
  hasSetpriv && process.getuid?.() === 0,
  'setpriv is not installed, or this is not root',
  'setpriv',
)('root without CAP_SYS_ADMIN where no user namespace can be made either', () => {
  const script =
    'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin "$0" doctor';
  const { status, stdout, stderr } = spawnSync('unshare', ['-Ur', 'sh', '-c', script, skiffProgram], {
    encoding: 'utf8',
    env: { ...process.env, SKIFF_ROOT: fileRoot(), XDG_RUNTIME_DIR: fileRoot() },
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^user +missing +uid 0: cannot make a user namespace: user.max_user_namespaces is 0$/m,
  );
  expect(stdout).toContain('sysctl -w user.max_user_namespaces');
  expect(stdout).toMatch(/^storage driver overlay +missing +mounting is not permitted here/m);
  expect(stdout).toMatch(/^native addon +ok/m);
  expect(status).toBe(1);
});
