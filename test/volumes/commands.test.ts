/** The commands about volumes, from outside: what they print, what is on disk, how they fail. */
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { cliOn, dataOf, entriesOf, failure, removeContainers, told, type Cli } from './support';

let root: string;
let skiff: Cli;

beforeEach(() => {
  root = tempRoot();
  skiff = cliOn(root);
});

afterEach(() => removeContainers(root));

describe('create', () => {
  test('with a name, and again: it stays as it is', async () => {
    expect(await told(skiff('volume', 'create', '--label', 'a=1', '--label', 'b', 'data'))).toBe('data');
    fs.writeFileSync(dataOf(root, 'data', 'file'), 'kept');
    expect(await told(skiff('volume', 'create', '--label', 'c=2', 'data'))).toBe('data');
    expect(fs.readFileSync(dataOf(root, 'data', 'file'), 'utf8')).toBe('kept');
    const [volume] = JSON.parse(await told(skiff('volume', 'inspect', 'data'))) as object[];
    expect(volume).toEqual({
      CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      Driver: 'local',
      Labels: { a: '1', b: '' },
      Mountpoint: path.join(root, 'volumes', 'data', '_data'),
      Name: 'data',
      Options: null,
      Scope: 'local',
    });
    expect(fs.statSync(dataOf(root, 'data')).mode & 0o7777).toBe(0o755);
    expect(entriesOf(root)).toEqual(['data']);
  });

  test('without a name it has 64 digits and is anonymous', async () => {
    const name = await told(skiff('volume', 'create'));
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(await told(skiff('volume', 'inspect', '-f', '{{json .Labels}}', name))).toBe(
      '{"com.docker.volume.anonymous":""}',
    );
  });

  test.each([
    ['a', 'volume name is too short, names should be at least two alphanumeric characters'],
    ['.hidden', '".hidden" includes invalid characters for a local volume name'],
    ['a/../../b', '"a/../../b" includes invalid characters for a local volume name'],
    ['ünïcödé', '"ünïcödé" includes invalid characters for a local volume name'],
    ['new\nline', String.raw`"new\nline" includes invalid characters for a local volume name`],
    ['x'.repeat(256), 'includes invalid characters for a local volume name'],
  ])('the name %j is refused', async (name, reason) => {
    const { code, said } = await failure(skiff('volume', 'create', name));
    expect(code).toBe(1);
    expect(said).toContain(reason);
    expect(entriesOf(root)).toEqual([]);
  });

  test.each<[string[], string]>([
    [['-d', 'nfs', 'data'], 'error looking up volume plugin nfs: plugin "nfs" not found'],
    [['-o', 'foo=bar', 'data'], 'invalid option: "foo"'],
    [['-o', 'type=none', 'data'], 'missing device in volume options'],
    [['-o', 'type=tmpfs', '-o', 'device=tmpfs', 'data'], 'unsupported volume options: type=tmpfs, o='],
    [['-o', 'o=bind', '-o', 'device=srv', 'data'], 'invalid device of a volume: srv'],
  ])('%j is refused', async (args, reason) => {
    const { code, said } = await failure(skiff('volume', 'create', ...args));
    expect(code).toBe(1);
    expect(said).toContain(reason);
    expect(entriesOf(root)).toEqual([]);
  });

  test('two names', async () => {
    const { code, said } = await failure(skiff('volume', 'create', 'one', 'two'));
    expect({ code, said }).toEqual({
      code: 125,
      said: 'skiff: "skiff volume create" requires at most 1 argument.\nSee \'skiff volume create --help\'.',
    });
  });

  test('twenty at once of one name: one volume', async () => {
    const names = await Promise.all(
      Array.from({ length: 20 }, () => told(skiff('volume', 'create', 'same'))),
    );
    expect(new Set(names)).toEqual(new Set(['same']));
    expect(entriesOf(root)).toEqual(['same']);
  }, 120_000);

  test('a directory of the host under a name; its removal leaves that alone', async () => {
    const { path: directory, remove } = tempDirectory();
    try {
      fs.writeFileSync(path.join(directory, 'file'), 'of the host\n');
      await told(
        skiff('volume', 'create', '-o', 'type=none', '-o', 'o=bind', '-o', `device=${directory}`, 'srv'),
      );
      expect(await told(skiff('run', '-v', 'srv:/srv', 'cat', '/srv/file'))).toBe('of the host');
      expect(await told(skiff('volume', 'inspect', '-f', '{{.Mountpoint}}', 'srv'))).toBe(directory);
      await told(skiff('volume', 'rm', 'srv'));
      expect(fs.readdirSync(directory)).toEqual(['file']);
    } finally {
      remove();
    }
  });
});

describe('ls', () => {
  beforeEach(async () => {
    await told(skiff('volume', 'create', '--label', 'tier=db', 'beta'));
    await told(skiff('volume', 'create', '--label', 'tier=web', 'alpha'));
    await told(skiff('run', '--keep', '--name', 'user', '-v', 'alpha:/x', 'true'));
  });

  test.each<[string[], string]>([
    [[], 'DRIVER    VOLUME NAME\nlocal     alpha\nlocal     beta'],
    [['-q'], 'alpha\nbeta'],
    [['-q', '-f', 'dangling=true'], 'beta'],
    [['-q', '-f', 'dangling=0'], 'alpha'],
    [['-q', '-f', 'label=tier'], 'alpha\nbeta'],
    [['-q', '-f', 'label=tier=db'], 'beta'],
    [['-q', '-f', 'label=tier=db', '-f', 'label=tier=web'], ''],
    [['-q', '-f', 'name=^al'], 'alpha'],
    [['-q', '-f', 'name=lph', '-f', 'name=bet'], 'alpha\nbeta'],
    [['-q', '-f', 'driver=nfs'], ''],
    [
      ['--format', '{{.Name}} {{.Label "tier"}} {{.Labels}} {{.Scope}}'],
      'alpha web tier=web local\nbeta db tier=db local',
    ],
  ])('%j', async (args, expected) => {
    expect(await told(skiff('volume', 'ls', ...args))).toBe(expected);
  });

  test('as JSON, an object a line', async () => {
    const lines = (await told(skiff('volume', 'ls', '--format', 'json'))).split('\n');
    expect(lines.map(line => (JSON.parse(line) as { Name: string }).Name)).toEqual(['alpha', 'beta']);
  });

  test.each([
    ['foo=bar', "invalid filter 'foo'"],
    ['dangling=perhaps', "invalid filter 'dangling=perhaps'"],
  ])('the filter %s is refused', async (filter, reason) => {
    const { code, said } = await failure(skiff('volume', 'ls', '-f', filter));
    expect(code).toBe(1);
    expect(said).toContain(`skiff: ${reason}`);
  });
});

describe('rm', () => {
  test('what it holds goes, too, however it looks', async () => {
    await told(skiff('volume', 'create', 'data'));
    const script =
      'cd /d && mkdir -p a/b && chmod 0 a && ln -s /etc/passwd link && mkfifo fifo && touch -- "-x" "$(printf "\\377")"';
    await told(skiff('run', '-v', 'data:/d', 'sh', '-c', script));
    expect(await told(skiff('volume', 'rm', 'data'))).toBe('data');
    expect(entriesOf(root)).toEqual([]);
    expect(fs.existsSync('/etc/passwd')).toBe(true);
  });

  test('one that is not there; the others go all the same', async () => {
    await told(skiff('volume', 'create', 'data'));
    const { code, stdout, stderr } = await skiff('volume', 'rm', 'no', 'data');
    expect({ code, stdout: `${stdout}`, stderr }).toEqual({
      code: 1,
      stdout: 'data\n',
      stderr: 'skiff: get no: no such volume\n',
    });
    expect(await told(skiff('volume', 'rm', '-f', 'no'))).toBe('no');
  });

  test.each(['../containers', '.', '..', '/', ''])('the name %j reaches nothing', async name => {
    await told(skiff('volume', 'create', 'data'));
    expect(await failure(skiff('volume', 'rm', name))).toMatchObject({ code: 1 });
    expect(entriesOf(root)).toEqual(['data']);
    expect(fs.existsSync(root)).toBe(true);
  });

  test('in use by a container that does not run', async () => {
    await told(skiff('run', '--keep', '--name', 'user', '-v', 'data:/x', 'true'));
    const id = fs.readdirSync(path.join(root, 'containers'))[0]!;
    expect(await failure(skiff('volume', 'rm', 'data'))).toEqual({
      code: 1,
      said: `skiff: remove data: volume is in use - [${id}]\nRemove these containers first.`,
    });
    expect(await failure(skiff('volume', 'rm', '-f', 'data'))).toMatchObject({ code: 1 });
    await told(skiff('rm', 'user'));
    expect(await told(skiff('volume', 'rm', 'data'))).toBe('data');
  });

  test('in use by a container whose record cannot be read', async () => {
    await told(skiff('run', '--keep', '--name', 'user', '-v', 'data:/x', 'true'));
    const id = fs.readdirSync(path.join(root, 'containers'))[0]!;
    const record = path.join(root, 'containers', id, 'state.json');
    const text = fs.readFileSync(record, 'utf8');
    for (const spoilt of [text.replace('"version":1', '"version":99'), text.slice(0, -1)]) {
      fs.writeFileSync(record, spoilt);
      expect((await failure(skiff('volume', 'rm', 'data'))).said).toContain('volume is in use');
    }
    fs.writeFileSync(record, text);
  });
});

describe('prune', () => {
  let anonymous: string;

  beforeEach(async () => {
    anonymous = await told(skiff('volume', 'create'));
    fs.writeFileSync(dataOf(root, anonymous, 'file'), Buffer.alloc(1500));
    fs.linkSync(dataOf(root, anonymous, 'file'), dataOf(root, anonymous, 'again'));
    await told(skiff('volume', 'create', '--label', 'keep', 'named'));
    await told(skiff('run', '--keep', '--name', 'user', '-v', 'used:/x', 'true'));
  });

  test('the anonymous ones that nobody has', async () => {
    expect(await told(skiff('volume', 'prune', '-f'))).toBe(
      `Deleted Volumes:\n${anonymous}\n\nTotal reclaimed space: 1.5kB`,
    );
    expect(entriesOf(root)).toEqual(['named', 'used']);
    expect(await told(skiff('volume', 'prune', '-f'))).toBe('Total reclaimed space: 0B');
  });

  test('all that nobody has, but those with a label', async () => {
    const pruned = await told(skiff('volume', 'prune', '-af', '--filter', 'label!=keep'));
    expect(pruned).toContain(anonymous);
    expect(entriesOf(root)).toEqual(['named', 'used']);
    await told(skiff('volume', 'prune', '-f', '--filter', 'all=1'));
    expect(entriesOf(root)).toEqual(['used']);
  });

  test.each([
    ['y\n', 2],
    ['yes', 2],
    ['n\n', 3],
    ['', 3],
  ])('asked, the answer %j', async (answer, left) => {
    const { code, stdout, stderr } = await cliOn(root, answer)('volume', 'prune');
    expect({ code, stderr }).toEqual(
      left === 2 ? { code: 0, stderr: '' } : { code: 1, stderr: 'skiff: volume prune has been cancelled\n' },
    );
    expect(`${stdout}`).toMatch(
      /^WARNING! This will remove anonymous local volumes not used by at least one container\.\nAre you sure you want to continue\? \[y\/N\] /,
    );
    expect(entriesOf(root)).toHaveLength(left);
  });
});

test('inspect tells those that are there, and fails for the others', async () => {
  await told(skiff('volume', 'create', 'data'));
  const { code, stdout, stderr } = await skiff('volume', 'inspect', 'no', 'data');
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'skiff: get no: no such volume\n' });
  expect(JSON.parse(`${stdout}`)).toHaveLength(1);
  expect(await told(skiff('inspect', '-f', '{{.Name}}', 'data'))).toBe('data');
});

test('the API', async () => {
  await using engine = await Skiff.open({ root });
  const { volumes } = engine;
  const created = await volumes.create({ name: 'data', labels: { a: '1' } });
  expect(created).toMatchObject({ name: 'data', driver: 'local', labels: { a: '1' }, anonymous: false });
  expect(await volumes.list({ name: ['dat'], dangling: true })).toEqual([created]);
  expect(await volumes.inspect('data')).toEqual(created);
  await engine.run(['sh', '-c', 'echo text > /x/file'], { volumes: ['data:/x'] });
  expect(fs.readFileSync(path.join(created.mountpoint, 'file'), 'utf8')).toBe('text\n');
  expect(await volumes.prune({ all: true })).toEqual({ names: ['data'], reclaimed: 5, errors: [] });
  await expect(volumes.inspect('data')).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
  await expect(volumes.remove('data')).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
  await volumes.remove('data', { force: true });
  await expect(volumes.create({ driver: 'x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
