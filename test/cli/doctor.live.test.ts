/** skiff doctor where things are missing: it tells of them, and leaves nothing. */
import { spawnSync } from 'node:child_process';
import { itIf } from '../helpers/conditions';
import { fileRoot, skiffProgram } from '../helpers/run';

const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0;

itIf(
  hasSetpriv && process.getuid?.() === 0,
  'setpriv is not installed, or this is not root',
  'setpriv',
)('root without CAP_SYS_ADMIN, as in an ordinary container', () => {
  const { status, stdout, stderr } = spawnSync(
    'setpriv',
    ['--bounding-set=-sys_admin', skiffProgram, 'doctor'],
    { encoding: 'utf8', env: { ...process.env, SKIFF_ROOT: fileRoot() } },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^user +missing +root without CAP_SYS_ADMIN$/m);
  expect(stdout).toMatch(/^storage driver overlay +missing +mounting is not permitted here/m);
  expect(stdout).toMatch(/^native addon +ok/m);
  expect(stdout).toContain('docker run --privileged');
  expect(status).toBe(1);
});
