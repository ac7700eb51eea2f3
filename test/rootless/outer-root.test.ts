/** Root who may not mount, as in another runtime's container without privileges: their containers have a user namespace. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { fileRoot, skiffProgram } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { itAsRoot } from '../helpers/user-mode';
import { until } from '../helpers/wait';

const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0;

let runtime: ReturnType<typeof tempDirectory>;

beforeAll(() => {
  runtime = tempDirectory();
});

afterAll(async () => {
  const record = path.join(runtime.path, 'skiff', 'namespaces.json');
  if (fs.existsSync(record)) {
    const { pid } = (JSON.parse(fs.readFileSync(record, 'utf8')) as { process: { pid: number } }).process;
    process.kill(pid, 'SIGKILL');
    await until('the end of what keeps the namespaces', () => !fs.existsSync(`/proc/${pid}`));
  }
  runtime.remove();
});

function skiff(dropped: string, ...args: string[]) {
  const env = { ...process.env, SKIFF_ROOT: fileRoot(), XDG_RUNTIME_DIR: runtime.path };
  const { status, stdout, stderr } = spawnSync(
    'setpriv',
    [`--bounding-set=${dropped}`, skiffProgram, ...args],
    {
      encoding: 'utf8',
      env,
    },
  );
  return { status, stdout, stderr };
}

const itHere = hasSetpriv
  ? itAsRoot('there is nothing to give up')
  : itIf(false, 'there is no setpriv', 'setpriv');

itHere('without CAP_SYS_ADMIN containers run, with all ids', () => {
  expect(skiff('-sys_admin', 'run', 'cat', '/proc/self/uid_map')).toEqual({
    status: 0,
    stderr: '',
    stdout: fs.readFileSync('/proc/self/uid_map', 'utf8'),
  });
  expect(skiff('-sys_admin', 'run', '-u', '33', 'id', '-u')).toEqual({
    status: 0,
    stderr: '',
    stdout: '33\n',
  });
  expect(skiff('-sys_admin', 'doctor').stdout).toMatch(/^user +ok +uid 0, root of a user namespace/m);
});
