/** What is read of a machine before a user namespace is made. */
import fs from 'node:fs';
import path from 'node:path';
import { findBlockers } from '../../lib/engine/rootless/blockers';
import { parseRanges, toMappings } from '../../lib/engine/rootless/subordinate-ids';
import { readRootless } from '../../lib/common/rootless';
import { tempDirectory } from '../helpers/temp';

test('ranges by name and by uid; what is no range is left out', () => {
  const text = 'me:100:10\n1000:200:20\nother:300:30\nme:x:1\nme:1\n\n#me:1:1\nme:400:0\n';
  expect(parseRanges(text, ['1000', 'me'])).toEqual([
    { first: 100, count: 10 },
    { first: 200, count: 20 },
  ]);
});

test('ids inside follow each other', () => {
  const mappings = toMappings(1000, [
    { first: 100_000, count: 10 },
    { first: 5, count: 2 },
  ]);
  expect(mappings).toEqual([
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 100_000, count: 10 },
    { inside: 11, outside: 5, count: 2 },
  ]);
});

describe('whose namespaces these are', () => {
  const ADMIN = '000001ffffffffff';
  const OF_THE_HOST = 'user:[4026531837]';

  function seen(namespace: string, user: number, effective: string, uids: string, gids: string) {
    const self = tempDirectory();
    try {
      fs.mkdirSync(path.join(self.path, 'ns'));
      fs.symlinkSync(namespace, path.join(self.path, 'ns', 'user'));
      const status = `Name:\tnode\nUid:\t1\t${user}\t1\t1\nCapEff:\t${effective}\n`;
      for (const [name, text] of Object.entries({ status, uid_map: uids, gid_map: gids }))
        fs.writeFileSync(path.join(self.path, name), text);
      return readRootless(self.path);
    } finally {
      self.remove();
    }
  }

  const range = '         0       1000          1\n         1     100000      65536\n';
  const single = '         0       1000          1\n';

  test.each([
    ['root of the host', OF_THE_HOST, 0, ADMIN, range, undefined],
    ['with subordinate ids', 'user:[4026532000]', 0, ADMIN, range, { uid: 1000, gid: 1000, ids: 'range' }],
    ['with one id', 'user:[4026532000]', 0, ADMIN, single, { uid: 1000, gid: 1000, ids: 'single' }],
    ['root who may not mount', 'user:[4026532000]', 0, '00000000a80425fb', range, undefined],
    ['root who may mount alone', 'user:[4026532000]', 0, '0000000000200000', range, undefined],
    ['another user of them', 'user:[4026532000]', 5, ADMIN, range, undefined],
  ])('%s', (_, namespace, user, effective, map, expected) => {
    expect(seen(namespace, user, effective, map, map)).toEqual(expected);
  });

  test('a kernel without user namespaces has the host alone', () => {
    const empty = tempDirectory();
    try {
      expect(readRootless(empty.path)).toBeUndefined();
    } finally {
      empty.remove();
    }
  });
});

describe('blockers', () => {
  function blockersOf(files: Record<string, string>): string[] {
    const root = tempDirectory();
    try {
      for (const [name, text] of Object.entries({ '/proc/self/ns/user': '', ...files })) {
        fs.mkdirSync(path.dirname(root.path + name), { recursive: true });
        fs.writeFileSync(root.path + name, text);
      }
      return findBlockers(root.path).map(({ name }) => name);
    } finally {
      root.remove();
    }
  }

  test('none on a machine that has all', () => {
    const mountinfo =
      '22 1 0:20 / /proc rw - proc proc rw\n30 22 0:30 / /proc/sys/fs/binfmt_misc rw - autofs none rw\n';
    expect(
      blockersOf({
        '/proc/sys/user/max_user_namespaces': '96364\n',
        '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '0\n',
        '/proc/self/mountinfo': mountinfo,
        '/proc/self/status': 'Seccomp:\t0\n',
      }),
    ).toEqual([]);
  });

  test.each([
    ['user.max_user_namespaces', { '/proc/sys/user/max_user_namespaces': '0\n' }],
    ['kernel.unprivileged_userns_clone', { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' }],
    [
      'kernel.apparmor_restrict_unprivileged_userns',
      { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' },
    ],
    ['seccomp', { '/proc/self/status': 'Name:\tnode\nSeccomp:\t2\n' }],
    ['apparmor', { '/proc/self/attr/current': 'containers-default-0.50.1 (enforce)\n' }],
    ['masked /proc', { '/proc/self/mountinfo': '40 22 0:30 / /proc/kcore rw - devtmpfs x rw\n' }],
  ])('%s', (name, files) => {
    expect(blockersOf(files)).toEqual([name]);
  });
});
