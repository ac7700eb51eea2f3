/**
 * What is made ahead of a start: it is of use for one that is like the last, in nobody's way for any other, and nothing of
 * the container that had its directory before is in it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Skiff, type StartOptions } from '../../lib/engine';
import { describeIf, itIf } from '../helpers/conditions';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { canLimit, isUser } from '../helpers/user-mode';
import { until } from '../helpers/wait';
import { output, sh } from './support';

const temp = tempDirectory();
const root = tempRoot();
const containers = path.join(root, 'containers');
let skiff: Skiff;

beforeAll(async () => {
  skiff = await Skiff.open({ root, storageDriver: 'overlay' });
});

afterAll(async () => {
  await skiff.close();
  expect(fs.readdirSync(containers)).toEqual([]);
  temp.remove();
});

const aheads = () => fs.readdirSync(containers).filter(name => name.startsWith('.ahead-'));

/** The ids at the ends of the names: of what is ready, and of what was left and is not yet. */
const idsAhead = () => aheads().map(entry => entry.split('.').at(-1)!);

/** Start what makes the next one likely, and wait until that is there. */
async function untilAhead(command: string[] = ['true'], options: StartOptions = {}): Promise<void> {
  for (let start = 0; start < 3; start += 1) await skiff.run(command, options);
  await sleep(100);
  await until('one is made ahead', () => aheads().length > 0);
}

test('the next start is the one that was made ahead', async () => {
  await untilAhead();
  const ids = idsAhead();
  expect(ids).toContain((await skiff.run(['true'])).id);
});

test('it shows in no list', async () => {
  await untilAhead();
  expect(await skiff.list()).toEqual([]);
  expect(await skiff.sweep()).toEqual([]);
  expect(aheads()).not.toEqual([]);
});

test('it is gone a while after the last start', async () => {
  await untilAhead();
  await until('nothing is kept', () => fs.readdirSync(containers).length === 0);
});

const LEFT = [
  ['a file', 'echo x > /left'],
  ['a mode of the root', 'chmod 700 /'],
  ['an owner of the root', 'chown 7:7 /'],
  ['a time of the root', 'touch -d 2001-02-03 /'],
  ['a file that is removed again', 'mkdir -p /a/b; echo x > /a/b/c; rm -r /a'],
  ['a removed file of the image', 'rm /bin/vi'],
  ['directories alone', 'mkdir -p -m 700 /a/b /c'],
  ['more directories than are looked at', 'mkdir -p /a/b/c/d/e/f/g $(seq 1 40 | sed s,^,/,)'],
] as const;
const look = sh('ls -ld / | cut -c1-31; ls -A / | grep -v -x .dockerenv; ls -l /bin/vi');

test.each(LEFT)('%s: nothing of it is in the next container', async (_, script) => {
  const before = await output(skiff, look);
  for (let round = 0; round < 3; round += 1) {
    await untilAhead();
    await output(skiff, sh(script));
    await until('another one is made', () => aheads()[0]);
    expect(await output(skiff, look)).toBe(before);
  }
});

test('nor where the next ones are started at once, some at the same time', async () => {
  const before = await output(skiff, look);
  for (let round = 0; round < 5; round += 1) {
    for (const [, script] of LEFT) {
      await Promise.all([output(skiff, sh(script)), output(skiff, ['true'])]);
      const after = await Promise.all([output(skiff, look), output(skiff, look)]);
      expect(after).toEqual([before, before]);
    }
  }
});

test('a start that fails in what another one has left leaves nothing of it', async () => {
  const volumes = [`${files('wrong', '')}:/bin/busybox`];
  for (let round = 0; round < 10; round += 1) {
    await Promise.all([skiff.run(['true']), skiff.run(['true'])]);
    await expect(skiff.run(['true'], { volumes })).rejects.toMatchObject({ step: 'bind' });
  }
  expect(await output(skiff, ['echo', 'works'])).toBe('works');
  await until('nothing is kept', () => fs.readdirSync(containers).length === 0);
});

itIf(canLimit, 'no limits here')(
  'other limits than those of the last one are those that were asked for',
  async () => {
    const limit = sh(
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; echo $(( $(ulimit -n) ))',
    );
    const limitOf = async (memory: string) => {
      const container = await skiff.start(['sleep', '100'], { memory });
      const line = fs
        .readFileSync(`/proc/${container.pid}/cgroup`, 'utf8')
        .split('\n')
        .find(each => each.includes(container.id))!;
      const [, controllers, directory] = line.split(':');
      const file =
        controllers === ''
          ? `/sys/fs/cgroup${directory}/memory.max`
          : `/sys/fs/cgroup/${controllers}${directory}/memory.limit_in_bytes`;
      const value = Number(fs.readFileSync(file, 'utf8'));
      await container.remove();
      return value;
    };
    await output(skiff, limit);
    await untilAhead(['true'], { memory: '64m' });
    expect(await limitOf('64m')).toBe(64 << 20);
    await untilAhead(['true'], { memory: '64m' });
    expect(await limitOf('32m')).toBe(32 << 20);
    await untilAhead(['true'], { memory: '64m' });
    expect((await skiff.run(['true'], { usage: false })).exitCode).toBe(0);
  },
);

test('options that it does not do for get a container of their own', async () => {
  await untilAhead();
  const ids = idsAhead();
  expect(ids).not.toContain((await skiff.run(['true'], { name: 'named' })).id);
  expect(idsAhead()).toEqual(ids);
});

test('of each of a few kinds that are started by turns, the next one is made ahead', async () => {
  const kinds: StartOptions[] = [{ memory: '64m' }, { memory: '65m', pidsLimit: 10 }, { cpuTime: 5000 }];
  for (let round = 0; round < 2; round += 1) for (const kind of kinds) await skiff.run(['true'], kind);
  for (const kind of [...kinds, ...kinds]) {
    await sleep(100);
    const ids = idsAhead();
    expect(ids.length).toBeGreaterThanOrEqual(kinds.length);
    // Another command, so that nothing but what is asked for tells what it is.
    expect(ids).toContain((await skiff.run(['echo', String(Math.random())], kind)).id);
  }
});

test('however many kinds there are, a few at most are made ahead', async () => {
  for (let round = 0; round < 3; round += 1)
    for (let kind = 0; kind < 8; kind += 1) await skiff.run(['true'], { memory: `${64 + kind}m` });
  await sleep(200);
  // Four, and as many directories that were left.
  expect(aheads().length).toBeLessThanOrEqual(8);
});

test('what differs from start to start is not made ahead', async () => {
  await until('nothing is kept', () => fs.readdirSync(containers).length === 0);
  for (let turn = 0; turn < 4; turn += 1) {
    await skiff.run(['sh', '-c', 'echo > /written'], { memory: `${70 + turn}m` });
    await sleep(20);
    expect(aheads()).toEqual([]);
  }
});

describeIf(!isUser, 'ids are shifted by the kernel for root alone')('with ids of its own', () => {
  const auto = { userns: 'auto' };
  const claims = () => fs.readdirSync(path.join(root, 'ids'));
  const mapOf = (options: StartOptions) => output(skiff, ['cat', '/proc/self/uid_map'], options);

  test('the next start is the one that was made ahead, with its ids', async () => {
    await untilAhead(['true'], auto);
    const ids = idsAhead();
    const before = claims();
    const { id, stdout } = await skiff.run(['cat', '/proc/self/uid_map'], auto);
    expect(ids).toContain(id);
    const [inside, outside, count] = stdout.trim().split(/\s+/);
    expect([inside, count]).toEqual(['0', '65536']);
    expect(before).toContain(outside);
  });

  test('its files have their owners', async () => {
    await untilAhead(['true'], auto);
    const look = sh('stat -c "%u:%g %a %n" / /bin/sh /etc; echo x > /new; stat -c "%u:%g %n" /new');
    expect(await output(skiff, look, auto)).toBe(await output(skiff, look));
  });

  test('the sandbox, too', async () => {
    await untilAhead(['true'], { profile: 'sandbox' });
    const ids = idsAhead();
    expect(ids).toContain((await skiff.run(['true'], { profile: 'sandbox' })).id);
  });

  test('another number of ids is another kind', async () => {
    await untilAhead(['true'], auto);
    const ids = idsAhead();
    const other = await skiff.run(['true'], { userns: 'auto:size=131072' });
    expect(ids).not.toContain(other.id);
    expect(await mapOf({ userns: 'auto:size=131072' })).toMatch(/ 131072$/);
    expect(await mapOf({})).toMatch(/ 4294967295$/);
  });

  test('a name, or a size: ids and namespaces are made ahead all the same', async () => {
    const sized = { userns: 'auto', storageOpt: { size: '8m' } };
    for (let start = 0; start < 3; start += 1) await skiff.run(['true'], sized);
    await until('ids are claimed', () => claims().length > 0);
    await sleep(100);
    const before = claims();
    expect(before).toContain((await mapOf(sized)).trim().split(/\s+/)[1]);
  });

  test('no id is claimed any more a while after the last start', async () => {
    await untilAhead(['true'], auto);
    await until('nothing is claimed', () => claims().length === 0);
  });
});

test('volumes are mounted in the one that was made ahead', async () => {
  await untilAhead();
  const ids = idsAhead();
  const volumes = [`${files('volume', 'seen')}:/m`];
  const { id, stdout } = await skiff.run(['cat', '/m/file'], { volumes });
  expect(stdout).toBe('seen');
  expect(ids).toContain(id);
  expect(await output(skiff, ['ls', '/'])).not.toMatch(/^m$/m);
});

test('a value that an object has changed to counts, not the one it had', async () => {
  const env = { WORD: 'one' };
  const command = sh('echo "$WORD"');
  for (const word of ['one', 'one', 'two', 'three']) {
    env.WORD = word;
    expect(await output(skiff, command, { env })).toBe(word);
  }
  command[2] = 'echo changed';
  expect(await output(skiff, command, { env })).toBe('changed');
});

/** A directory of that name with one file. */
function files(name: string, text: string): string {
  const directory = path.join(temp.path, name);
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'file'), text);
  return directory;
}

/** An image of the bundled one's programs and one file. */
async function makeImage(ref: string, text: string): Promise<void> {
  const tree = path.join(temp.path, `tree-${ref}`);
  fs.mkdirSync(tree, { recursive: true });
  execFileSync('tar', ['-xf', path.join(__dirname, '../../busybox.tar'), '-C', tree]);
  fs.writeFileSync(path.join(tree, 'word'), text);
  const tar = path.join(temp.path, `${ref}.tar`);
  // The same bytes each time: the same layer, under the same path.
  execFileSync('tar', ['--sort=name', '--mtime=@0', '-cf', tar, '-C', tree, '.']);
  await skiff.images.import(tar, { ref });
}

describe('an image', () => {
  const word = (image = 'words') => output(skiff, ['cat', '/word'], { image });

  beforeEach(async () => {
    await makeImage('words', 'first');
    await untilAhead(['cat', '/word'], { image: 'words' });
  });

  test('another one than the last', async () => {
    await makeImage('others', 'other');
    await untilAhead(['cat', '/word'], { image: 'words' });
    expect(await word('others')).toBe('other');
    expect(await word()).toBe('first');
    await skiff.images.remove('others');
    await skiff.images.remove('words');
  });

  test('its name becomes another one: that is started', async () => {
    await makeImage('words', 'second');
    expect(await word()).toBe('second');
    await skiff.images.remove('words');
  });

  test('it is removed: nothing starts', async () => {
    await skiff.images.remove('words');
    await expect(word()).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });

  test('it is removed and made again, with the same layer at the same place', async () => {
    await skiff.images.remove('words');
    await makeImage('words', 'first');
    expect(await word()).toBe('first');
    await untilAhead(['cat', '/word'], { image: 'words' });
    expect(await word()).toBe('first');
    await skiff.images.remove('words');
  });
});
