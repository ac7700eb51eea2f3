/**
 * The way in which the floor program's child gets into its cgroup on v2: born there. A machine of both kinds has it too,
 * without the memory controller, so the floor program itself does not go that way here.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { detectCgroups } from '../../lib/cgroup';
import { itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';

const hierarchy = detectCgroups().hierarchies.find(({ version }) => version === 2);
const isUsable = hierarchy !== undefined && process.geteuid?.() === 0 && canLimit;

itIf(
  isUsable,
  'root and a cgroup v2 mount are needed',
  'cgroup-v2',
)('the child is born in the cgroup that it is given', () => {
  const directory = tempDirectory();
  const name = `skiff-bench-clone-${process.pid}`;
  const cgroup = path.join(hierarchy!.own, name);
  fs.mkdirSync(cgroup);
  try {
    const program = path.join(directory.path, 'clone');
    const sources = [path.join(__dirname, 'clone.c'), path.join(projectRoot, 'csrc', 'bench', 'clone.c')];
    const include = `-I${path.join(projectRoot, 'csrc', 'bench')}`;
    const built = spawnSync('cc', ['-std=gnu11', '-D_GNU_SOURCE', '-O2', include, '-o', program, ...sources]);
    expect(built.stderr.toString()).toBe('');
    const { status, stdout } = spawnSync(program, [cgroup], { encoding: 'utf8' });
    expect(status).toBe(7);
    expect(stdout).toMatch(new RegExp(`^0::.*/${name}$`, 'm'));
  } finally {
    fs.rmdirSync(cgroup);
    directory.remove();
  }
});
