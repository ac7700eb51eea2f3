/**
 * Limits of a container of the foreground: nobody would thaw it where a command that freezes it is killed, nor remove the
 * cgroups that it joins, so it gets them in the cgroups that it is in, and in no others.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileRoot, start } from '../helpers/run';
import { until } from '../helpers/wait';
import { attempt, recordOf, removeAllAfterEach, skiff } from './support';

removeAllAfterEach();

async function foreground(...flags: string[]) {
  const child = start(['run', ...flags, 'sh', '-c', 'echo up; exec sleep 1000']);
  await once(child.stdout, 'data');
  const [id] = fs.readdirSync(path.join(fileRoot(), 'containers'));
  return { id: id!, ended: once(child, 'close') };
}

/** All directories of cgroups that are named after it. */
function cgroupsOf(id: string): string[] {
  const names = fs.readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' });
  return names.filter(name => path.basename(name) === `skiff-${id}`);
}

function memoryLimit(id: string): string {
  const files = recordOf(id).cgroupPaths!.flatMap(directory =>
    ['memory.limit_in_bytes', 'memory.max'].map(name => path.join(directory, name)),
  );
  return fs
    .readFileSync(
      files.find(file => fs.existsSync(file))!,
      'latin1',
    )
    .trim();
}

test('a limit that it has is changed', async () => {
  const { id, ended } = await foreground('-m', '64m');
  await skiff('update', '-m', '32m', '--memory-swap', '-1', id);
  expect(memoryLimit(id)).toBe(String(32 << 20));
  await skiff('rm', '-f', id);
  await ended;
  expect(cgroupsOf(id)).toEqual([]);
});

test('one that takes a cgroup which it has not is refused, and nothing of it is left', async () => {
  const { id, ended } = await foreground();
  const before = { record: recordOf(id), cgroups: cgroupsOf(id) };
  const { code, stderr } = await attempt(['update', '--pids-limit', '50', '-m', '64m', id]);
  expect(stderr).toMatch(
    /^skiff: cannot update container [0-9a-f]{12}: it runs in the foreground and has no cgroup with .*(memory|pids)/,
  );
  expect(code).toBe(1);
  expect({ record: recordOf(id), cgroups: cgroupsOf(id) }).toEqual(before);
  await skiff('rm', '-f', id);
  await until('it has ended', () => ended.then(() => true));
  expect(cgroupsOf(id)).toEqual([]);
});
