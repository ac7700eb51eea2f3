import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { native } from '../../lib/native';
import { treeChanges } from '../../lib/workspace';
import { start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { itAsRoot } from '../helpers/user-mode';
import { keep, refusal, setXattr, skiff } from './support';

const SCRIPT = `
rm /etc/group; echo x >> /etc/passwd; touch /etc/new
mkdir -p /a/b; echo hi > /a/b/f
rm -rf /usr; mkdir /usr; touch /usr/only
chmod 750 /root
rm -rf /home; ln -s /tmp /home
touch /tmp/gone; rm /tmp/gone
chmod 1777 /tmp
touch "/opt/$(printf 'new\\nline')"`;

const CHANGES = [
  'A /a',
  'A /a/b',
  'A /a/b/f',
  'C /etc',
  'D /etc/group',
  'A /etc/new',
  'C /etc/passwd',
  'C /home',
  'C /opt',
  'A /opt/new',
  'line',
  'C /root',
  'C /usr',
  'D /usr/bin',
  'A /usr/only',
  'D /usr/sbin',
];

describe.each(['overlay', 'vfs'])('diff, driver %s', driver => {
  const root = tempRoot();

  test('what was added, changed and deleted, with the directories above', async () => {
    await keep('changed', SCRIPT, ['--root', root, '--storage-driver', driver]);
    expect((await skiff(['diff', '--root', root, 'changed'])).trimEnd().split('\n')).toEqual(CHANGES);
    await skiff(['rm', '--root', root, 'changed']);
  });

  test('nothing where nothing was changed, also where files were only opened for writing or their time was set back', async () => {
    const script =
      ': >> /etc/passwd; touch -r /etc/group /stamp; touch -r /stamp /etc/passwd; rm /stamp; cat /etc/hosts';
    await keep('same', script, ['--root', root, '--storage-driver', driver]);
    expect(await skiff(['diff', '--root', root, 'same'])).toBe('');
    await skiff(['rm', '--root', root, 'same']);
  });

  test('a container that runs', async () => {
    const child = start([
      'run',
      '--root',
      root,
      '--storage-driver',
      driver,
      '-i',
      '--name',
      'runs',
      'sh',
      '-c',
      'echo x > /x; cat',
    ]);
    try {
      await until(
        'its change',
        async () => (await skiff(['diff', '--root', root, 'runs']).catch(() => '')) === 'A /x\n',
      );
    } finally {
      child.stdin.end();
      await new Promise(resolve => child.once('close', resolve));
    }
  });
});

test('content that was changed under the same size and time is told where the write layer has the file', async () => {
  const root = tempRoot();
  const script =
    'touch -r /etc/passwd /stamp; printf R | dd of=/etc/passwd conv=notrunc 2>/dev/null; touch -r /stamp /etc/passwd; rm /stamp';
  await keep('sly', script, ['--root', root, '--storage-driver', 'overlay']);
  expect(await skiff(['diff', '--root', root, 'sly'])).toBe('C /etc\nC /etc/passwd\n');
  await skiff(['rm', '--root', root, 'sly']);
});

test('directories that are the same, one in another, above a change', async () => {
  const { path: top, remove } = tempDirectory();
  for (const name of ['old/a/b/c/d', 'now/a/b/c/d']) fs.mkdirSync(path.join(top, name), { recursive: true });
  for (const name of ['old/a/b/z', 'now/a/b/z', 'now/a/b/c/d/new'])
    fs.writeFileSync(path.join(top, name), '');
  for (const name of ['old/a/b/z', 'now/a/b/z']) fs.utimesSync(path.join(top, name), 1, 1);
  const [now, old] = ['now', 'old'].map(name => fs.openSync(path.join(top, name), 'r')) as [number, number];
  const changes: string[] = [];
  for await (const batch of treeChanges({ what: 'diff', name: 'test' }, () =>
    Promise.resolve({ top: now, old }),
  ))
    changes.push(...batch.map(({ kind, path: name }) => `${kind} ${name}`));
  [now, old].forEach(fd => fs.closeSync(fd));
  expect(changes).toEqual(['C a', 'C a/b', 'C a/b/c', 'C a/b/c/d', 'A a/b/c/d/new']);
  remove();
});

itAsRoot('the attributes trusted.* are closed: its layers have user.overlay.opaque')(
  'several layers',
  async () => {
    const { path: top, remove } = tempDirectory();
    const names = ['low', 'high', 'write', 'view'];
    for (const name of names) fs.mkdirSync(path.join(top, name));
    const file = (name: string) => path.join(top, name);
    fs.writeFileSync(file('low/kept'), 'low');
    fs.writeFileSync(file('low/hidden'), 'low');
    fs.mkdirSync(file('low/opaque'));
    fs.writeFileSync(file('low/opaque/old'), '');
    execFileSync('mknod', [file('high/hidden'), 'c', '0', '0']);
    fs.mkdirSync(file('high/opaque'));
    setXattr(file('high/opaque'), 'trusted.overlay.opaque', 'y');
    fs.writeFileSync(file('write/hidden'), 'new');
    const layers = [file('high'), file('low')];
    const base = { kind: 'overlay' as const, work: '', mountPoint: file('view') };
    const old = await native().openView({ ...base, layers, writeLayer: '' });
    const now = await native().openView({ ...base, layers: [file('write'), ...layers], writeLayer: '' });
    const changes: string[] = [];
    for await (const batch of treeChanges({ what: 'diff', name: 'test' }, () =>
      Promise.resolve({ top: now, old }),
    ))
      changes.push(...batch.map(({ kind, path: name }) => `${kind} ${name}`));
    native().close({ fds: [old, now] });
    expect(changes).toEqual(['A hidden']);
    remove();
  },
);

test("aufs' whiteouts and its own names are read as aufs(5) has them", async () => {
  const { path: top, remove } = tempDirectory();
  for (const name of ['old/opaque', 'old/sub', 'now/opaque', 'now/sub', 'write/opaque', 'write/.wh..wh.plnk'])
    fs.mkdirSync(path.join(top, name), { recursive: true });
  const touch = (...names: string[]) => names.forEach(name => fs.writeFileSync(path.join(top, name), ''));
  touch('old/gone', 'old/opaque/a', 'old/opaque/b', 'old/sub/unseen', 'now/opaque/a', 'now/new');
  touch('write/.wh.gone', 'write/new', 'write/opaque/.wh..wh..opq', 'write/opaque/a', 'write/.wh..wh.aufs');
  // Not in the write layer, so it cannot differ: a walk that looks there compares what it need not.
  touch('now/sub/impossible');
  const fds = ['now', 'old', 'write'].map(name => fs.openSync(path.join(top, name), 'r'));
  const [now, old, hint] = fds as [number, number, number];
  for (const name of ['old/opaque/a', 'now/opaque/a']) fs.utimesSync(path.join(top, name), 1, 1);
  const changes: string[] = [];
  const options = { top: now, old, hint, hintKind: 'aufs' as const };
  for await (const batch of treeChanges({ what: 'diff', name: 'test' }, () => Promise.resolve(options)))
    changes.push(...batch.map(({ kind, path: name }) => `${kind} ${name}`));
  fds.forEach(fd => fs.closeSync(fd));
  expect(changes).toEqual(['D gone', 'A new', 'C opaque', 'D opaque/b']);
  remove();
});

test('a record that does not tell the layers, and no such container', async () => {
  const root = tempRoot();
  await keep('old', 'true', ['--root', root]);
  const { id } = await (async () => {
    const engine = await Skiff.open({ root });
    try {
      return await engine.inspect('old');
    } finally {
      await engine.close();
    }
  })();
  const record = path.join(root, 'containers', id, 'state.json');
  const { layers, ...rest } = JSON.parse(fs.readFileSync(record, 'utf8')) as { layers: string[] };
  expect(layers).toHaveLength(1);
  fs.writeFileSync(record, JSON.stringify(rest));
  expect((await refusal(['diff', '--root', root, 'old'])).stderr).toMatch(
    /its record does not tell what it is made of/,
  );
  expect(await refusal(['diff', '--root', root, 'nobody'])).toEqual({
    code: 1,
    stderr: 'skiff: no such container: nobody',
  });
  await skiff(['rm', '--root', root, 'old']);
});
