import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { FileAccess } from '../../lib/engine/file-access';
import { ContainerStore } from '../../lib/state';
import { start, run } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { isUser } from '../helpers/user-mode';
import { blocksOf, bytesOf, entriesOf, keep, list, refusal, skiff } from './support';

let top: string;
let remove: () => void;
beforeEach(() => ({ path: top, remove } = tempDirectory()));
afterEach(() => remove());

/** A file of the host's, below the test's directory. */
function local(name: string, content = name): string {
  const file = path.join(top, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

/** Every file below a directory with what is in it, and every directory. */
function tree(directory: string): string[] {
  const names = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return names
    .map(entry => {
      const name = path.relative(directory, path.join(entry.parentPath, entry.name));
      if (entry.isDirectory()) return `${name}/`;
      return entry.isFile() ? `${name}=${fs.readFileSync(path.join(directory, name), 'utf8')}` : name;
    })
    .sort();
}

/** What Docker's rules say for each pair of ends; `=>` is followed by what is there afterwards, or by the refusal. */
const RULES = [
  ['file', 'dir', ['dir/', 'dir/file=f']],
  ['file', 'dir/', ['dir/', 'dir/file=f']],
  ['file', 'other', ['dir/', 'other=f']],
  ['file', 'dir/new', ['dir/', 'dir/new=f']],
  ['file', 'old', ['dir/', 'old=f']],
  ['file', 'no/new', /no/],
  ['file', 'no/', /no such directory/],
  ['file', 'old/', /no such directory/],
  ['file/', 'dir', /not a directory/],
  ['tree', 'dir', ['dir/', 'dir/tree/', 'dir/tree/a=1', 'dir/tree/sub/', 'dir/tree/sub/b=2']],
  ['tree/', 'dir', ['dir/', 'dir/tree/', 'dir/tree/a=1', 'dir/tree/sub/', 'dir/tree/sub/b=2']],
  ['tree/.', 'dir', ['dir/', 'dir/a=1', 'dir/sub/', 'dir/sub/b=2']],
  ['tree', 'new', ['dir/', 'new/', 'new/a=1', 'new/sub/', 'new/sub/b=2']],
  ['tree/.', 'new', ['dir/', 'new/', 'new/a=1', 'new/sub/', 'new/sub/b=2']],
  ['tree', 'new/', ['dir/', 'new/', 'new/a=1', 'new/sub/', 'new/sub/b=2']],
  ['tree', 'old', /cannot copy directory/],
  ['nothing', 'dir', /nothing/],
] as const;

describe("Docker's rules, out of a container and into it", () => {
  const root = tempRoot();
  const make = 'mkdir -p /s/tree/sub; printf f > /s/file; printf 1 > /s/tree/a; printf 2 > /s/tree/sub/b';

  test.each(RULES.map((rule, index) => [rule[0], rule[1], rule[2], index] as const))(
    '%s to %s',
    async (source, destination, result, index) => {
      const name = `rules-${index}`;
      const dirs = 'mkdir -p /d/dir';
      const needsOld = destination.startsWith('old');
      await keep(name, `${make}; ${dirs}${needsOld ? '; printf o > /d/old' : ''}`, ['--root', root]);
      fs.mkdirSync(path.join(top, 'd/dir'), { recursive: true });
      if (needsOld) local('d/old', 'o');
      local('s/file', 'f');
      local('s/tree/a', '1');
      local('s/tree/sub/b', '2');
      const out = ['cp', '--root', root, `${name}:/s/${source}`, `${top}/d/${destination}`];
      const into = ['cp', '--root', root, `${top}/s/${source}`, `${name}:/d/${destination}`];
      if (result instanceof RegExp) {
        for (const args of [out, into]) {
          const { code, stderr } = await refusal(args);
          expect(stderr).toMatch(result);
          expect(code).toBe(1);
        }
      } else {
        expect((await run(out)).stderr).toMatch(/^Successfully copied \S+B to /);
        expect(tree(path.join(top, 'd'))).toEqual(result);
        await skiff(into);
        await skiff(['cp', '-q', '--root', root, `${name}:/d/.`, path.join(top, 'back')]);
        expect(tree(path.join(top, 'back'))).toEqual(result);
      }
      await skiff(['rm', '--root', root, name]);
    },
  );
});

describe('ends', () => {
  test('exactly one is in a container', async () => {
    expect((await refusal(['cp', 'a:/x', 'b:/y'])).stderr).toMatch(
      /copying between containers is not supported/,
    );
    expect((await refusal(['cp', '/x', './y:z'])).stderr).toMatch(
      /must specify at least one container source/,
    );
    expect((await refusal(['cp', '/x'])).stderr).toMatch(/requires exactly 2 arguments/);
    expect(await refusal(['cp', 'nobody:/x', '/tmp'])).toEqual({
      code: 1,
      stderr: 'skiff: no such container: nobody',
    });
  });

  test("a missing source is told in Docker's words", async () => {
    await keep('words', 'true');
    expect((await refusal(['cp', 'words:/no/thing', top])).stderr).toBe(
      'skiff: could not find the file /no/thing in container words',
    );
    expect((await refusal(['cp', '/no/thing', 'words:/'])).stderr).toBe(
      'skiff: lstat /no/thing: no such file or directory',
    );
    expect((await refusal(['cp', 'words:/etc', '/no/such/dir'])).stderr).toBe(
      'skiff: invalid output path: directory "/no/such" does not exist',
    );
    await skiff(['rm', 'words']);
  });

  test('a directory is not replaced by a file, nor the other way round', async () => {
    await keep('kinds', 'mkdir -p /d/x; echo f > /d/f');
    local('s/x', 'file');
    expect((await refusal(['cp', `${top}/s/x`, 'kinds:/d'])).stderr).toMatch(
      /cannot overwrite directory "x" with non-directory/,
    );
    local('t/f/inside');
    expect((await refusal(['cp', `${top}/t/f`, 'kinds:/d'])).stderr).toMatch(
      /cannot overwrite non-directory "f" with directory/,
    );
    await skiff(['rm', 'kinds']);
  });
});

describe('tar streams', () => {
  test('out: GNU tar lists it', async () => {
    await keep('stream', 'mkdir /d; echo hi > "/d/new\nline"; ln -s /etc/passwd /d/link');
    const { stdout } = await run(['cp', 'stream:/d', '-']);
    expect(list(stdout)).toEqual([
      'drwxr-xr-x 0/0 0 d/',
      'lrwxrwxrwx 0/0 0 d/link -> /etc/passwd',
      '-rw-r--r-- 0/0 3 d/new\\nline',
    ]);
    await skiff(['rm', 'stream']);
  });

  test('in: plain and gzipped, with owners where they are asked for', async () => {
    await keep('in', 'mkdir /plain /zipped');
    local('x/file', 'content');
    const tar = execFileSync('tar', [
      '-C',
      `${top}/x`,
      '--owner=7',
      '--group=8',
      '--numeric-owner',
      '-cf',
      '-',
      'file',
    ]);
    await skiff(['cp', '-', 'in:/plain'], { input: tar });
    const zipped = execFileSync('gzip', ['-c'], { input: tar });
    await skiff(['cp', '-a', '-', 'in:/zipped'], { input: zipped });
    expect(list((await run(['cp', 'in:/plain/.', '-'])).stdout)).toContain('-rw-r--r-- 0/0 7 file');
    expect(list((await run(['cp', 'in:/zipped/.', '-'])).stdout)).toContain('-rw-r--r-- 7/8 7 file');
    expect((await refusal(['cp', '-', 'in:/etc/passwd'], { input: tar })).stderr).toMatch(
      /destination "in:\/etc\/passwd" must be a directory/,
    );
    expect((await refusal(['cp', '-', 'in:/plain'], { input: 'no tar' })).code).toBe(1);
    expect((await refusal(['cp', '-', 'in:/plain'], { input: tar.subarray(0, 700) })).code).toBe(1);
    await skiff(['rm', 'in']);
  });

  test('in: no more of it, uncompressed, than --max-size allows; a file of the host has no such limit', async () => {
    await keep('bounded', 'mkdir /d');
    local('big/file', 'x'.repeat(3 << 20));
    const zipped = execFileSync('tar', ['-C', `${top}/big`, '-czf', '-', 'file']);
    expect(zipped.length).toBeLessThan(100_000);
    expect(await refusal(['cp', '--max-size', '2m', '-', 'bounded:/d'], { input: zipped })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^skiff: copy to bounded: it unpacks to more than 2 MiB\nAllow more where it is to be trusted: --max-size\.$/,
      ),
    });
    await skiff(['cp', '--max-size', '4m', '-', 'bounded:/d'], { input: zipped });
    await skiff(['cp', '-q', '--max-size', '2m', `${top}/big/file`, 'bounded:/d/other']);
    const { stdout } = await run(['cp', 'bounded:/d', '-']);
    expect(entriesOf(stdout).get('d/file')!.header.size).toBe(3 << 20);
    expect(entriesOf(stdout).get('d/other')!.header.size).toBe(3 << 20);
    await skiff(['rm', 'bounded']);
  });

  test('an archive that leads out of the directory is refused', async () => {
    await keep('evil', 'mkdir /d');
    const code = `
import tarfile, sys, io
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as t:
    i = tarfile.TarInfo("../../escaped"); i.size = 1; t.addfile(i, io.BytesIO(b"x"))`;
    const tar = execFileSync('python3', ['-c', code]);
    expect((await refusal(['cp', '-', 'evil:/d'], { input: tar })).stderr).toMatch(/leads out/);
    await skiff(['rm', 'evil']);
  });
});

describe('what is copied', () => {
  test("is the super-user's in a container, unless its owner is kept; modes and times stay", async () => {
    await keep('owners', 'mkdir /plain /kept');
    const file = local('file');
    fs.chownSync(file, 123, 456);
    fs.chmodSync(file, 0o640);
    execFileSync('touch', ['-d', '2001-02-03 04:05:06.789Z', file]);
    await skiff(['cp', file, 'owners:/plain']);
    await skiff(['cp', '-a', file, 'owners:/kept']);
    const header = async (name: string) =>
      entriesOf((await run(['cp', `owners:${name}`, '-'])).stdout).get('file')!.header;
    expect(await header('/plain/file')).toMatchObject({
      uid: 0,
      gid: 0,
      mode: 0o640,
      mtime: 981173106,
      mtimeNsec: 789000000,
    });
    expect(await header('/kept/file')).toMatchObject({ uid: 123, gid: 456, mode: 0o640 });
    await skiff(['cp', '-a', 'owners:/kept/file', `${top}/out`]);
    expect(fs.statSync(path.join(top, 'out'))).toMatchObject({ uid: 123, gid: 456 });
    await skiff(['rm', 'owners']);
  });

  test("is a link itself, or with -L what it leads to, under the link's name", async () => {
    await keep('links', 'mkdir /d; echo in > /d/real; ln -s real /d/link; ln -s /d /dl');
    await skiff(['cp', 'links:/d/link', top]);
    expect(fs.readlinkSync(path.join(top, 'link'))).toBe('real');
    fs.unlinkSync(path.join(top, 'link'));
    await skiff(['cp', '-L', 'links:/d/link', top]);
    expect(fs.readFileSync(path.join(top, 'link'), 'utf8')).toBe('in\n');
    await skiff(['cp', 'links:/dl/', top]);
    expect(tree(path.join(top, 'dl'))).toEqual(['link', 'real=in\n']);
    fs.symlinkSync('link', path.join(top, 'l2'));
    await skiff(['cp', '-L', path.join(top, 'l2'), 'links:/d/']);
    expect(
      entriesOf((await run(['cp', 'links:/d/l2', '-'])).stdout)
        .get('l2')!
        .content.toString(),
    ).toBe('in\n');
    await skiff(['rm', 'links']);
  });

  test('stays sparse, both ways', async () => {
    await keep(
      'sparse',
      'truncate -s 1G /s; printf mid | dd of=/s bs=1 seek=500000 conv=notrunc 2>/dev/null; printf end | dd of=/s bs=1 seek=1073741000 conv=notrunc 2>/dev/null',
    );
    await skiff(['cp', 'sparse:/s', top]);
    expect(fs.statSync(path.join(top, 's')).size).toBe(1 << 30);
    expect(blocksOf(top, 's')).toBeLessThan(64);
    await skiff(['cp', path.join(top, 's'), 'sparse:/t']);
    await skiff(['cp', 'sparse:/t', path.join(top, 'u')]);
    expect(blocksOf(top, 'u')).toBeLessThan(64);
    execFileSync('cmp', [path.join(top, 's'), path.join(top, 'u')]);
    // Neither does the archive have the holes, and GNU tar restores them from it.
    const { stdout } = await run(['cp', 'sparse:/s', '-']);
    expect(stdout.length).toBeLessThan(1 << 20);
    fs.mkdirSync(path.join(top, 'gnu'));
    execFileSync('tar', ['-xf', '-', '-C', path.join(top, 'gnu')], { input: stdout });
    expect(blocksOf(path.join(top, 'gnu'), 's')).toBeLessThan(64);
    execFileSync('cmp', [path.join(top, 's'), path.join(top, 'gnu/s')]);
    await skiff(['rm', 'sparse']);
  }, 120_000);
});

describe('a running container', () => {
  let child: ReturnType<typeof start>;
  const up = async (script: string, flags: string[] = []) => {
    child = start(['run', '-i', '--name', 'running', ...flags, 'sh', '-c', `${script}; echo up; cat`]);
    await until(
      'it runs',
      () => new Promise<boolean>(resolve => child.stdout.once('data', () => resolve(true))),
    );
  };
  afterEach(async () => {
    child.stdin.end();
    await new Promise(resolve => child.once('close', resolve));
  });

  test("is seen as its processes see it: what is mounted too, but for the kernel's", async () => {
    const volume = path.join(top, 'volume');
    fs.mkdirSync(volume);
    await up('mkdir /d; echo x > /d/f; echo t > /tmp/t; ls /dev > /dev/null', [
      '-v',
      `${volume}:/v`,
      '--tmpfs',
      '/tmp',
    ]);
    await skiff(['cp', 'running:/tmp/t', top]);
    expect(fs.readFileSync(path.join(top, 't'), 'utf8')).toBe('t\n');
    await skiff(['cp', path.join(top, 't'), 'running:/v/in']);
    expect(fs.readFileSync(path.join(volume, 'in'), 'utf8')).toBe('t\n');
    const names = [...entriesOf((await run(['cp', 'running:/', '-'])).stdout).keys()];
    expect(names).toEqual(expect.arrayContaining(['d/f', 'tmp/t', 'v/in', 'proc/']));
    expect(names.filter(name => /^(proc|sys)\/./.test(name))).toEqual([]);
  });

  test('links lead where they lead inside', async () => {
    const secret = local('secret', 'outside');
    await up(
      `mkdir -p /d "$(dirname ${secret})"; ln -s ${secret} /d/abs; ln -s ../../../../../../../../..${secret} /d/up; ln -s /proc/1/root /d/proc; ln -s ${top} /d/top`,
    );
    for (const name of ['abs', 'up'])
      expect((await refusal(['cp', '-L', `running:/d/${name}`, `${top}/got`])).stderr).toMatch(
        /could not find/,
      );
    expect((await refusal(['cp', `running:/d/proc${secret}`, `${top}/got`])).code).toBe(1);
    await skiff(['cp', secret, 'running:/d/top/written']);
    expect(fs.existsSync(path.join(top, 'written'))).toBe(false);
    expect((await run(['cp', `running:${top}/written`, '-'])).code).toBe(0);
    expect(fs.existsSync(path.join(top, 'got'))).toBe(false);
  });

  test('a FIFO and devices in the way hold nobody up', async () => {
    await up(`mkdir /d; mkfifo /d/fifo${isUser ? '' : '; mknod /d/disk b 8 0'}`);
    expect(list((await run(['cp', 'running:/d', '-'])).stdout)).toEqual([
      'drwxr-xr-x 0/0 0 d/',
      ...(isUser ? [] : ['brw-r--r-- 0/0 8,0 d/disk']),
      'prw-r--r-- 0/0 0 d/fifo',
    ]);
    expect((await refusal(['cp', local('file'), 'running:/d/fifo'])).stderr).toMatch(
      /must be a directory or a regular file/,
    );
    if (isUser) return;
    expect((await refusal(['cp', local('file'), 'running:/d/disk'])).stderr).toMatch(
      /must be a directory or a regular file/,
    );
  });

  test('read-only: told so', async () => {
    await up('true', ['--read-only']);
    expect((await refusal(['cp', local('file'), 'running:/etc/x'])).stderr).toMatch(/marked read-only/);
  });
});

describe.each(['overlay', 'vfs'])('what is mounted in a container that does not run, driver %s', driver => {
  const root = tempRoot();

  test('is there for cp, within the container and read-only where it is so; export leaves it out', async () => {
    await keep('bound', 'mkdir /v /r /d; ln -s /v /link', ['--root', root, '--storage-driver', driver]);
    for (const name of ['volume', 'fixed']) fs.mkdirSync(path.join(top, name));
    const engine = await Skiff.open({ root });
    try {
      const info = await engine.inspect('bound');
      const mount = { type: 'bind', destination: '/v', readOnly: false } as const;
      const mounts = [
        { ...mount, source: path.join(top, 'volume'), destination: '/link' },
        { ...mount, source: path.join(top, 'fixed'), destination: '/r', readOnly: true },
        { ...mount, source: path.join(top, 'fixed'), destination: '/missing' },
      ];
      const context = { store: new ContainerStore(root), images: engine.images.store };
      const files = new FileAccess(context, { ...info, mounts });
      const file = local('file', 'content');
      await files.copyIn(file, '/v/in');
      expect(fs.readFileSync(path.join(top, 'volume/in'), 'utf8')).toBe('content');
      await files.copyToHost('/v/in', path.join(top, 'out'));
      expect(fs.readFileSync(path.join(top, 'out'), 'utf8')).toBe('content');
      await expect(files.copyIn(file, '/r/in')).rejects.toMatchObject({ code: 'EROFS' });
      const names = [...entriesOf(await bytesOf(await files.export())).keys()];
      expect(names).toEqual(expect.arrayContaining(['v/', 'r/']));
      expect(names).not.toContain('v/in');
    } finally {
      await engine.close();
    }
    expect(fs.readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(top);
    await skiff(['rm', '--root', root, 'bound']);
  });
});
