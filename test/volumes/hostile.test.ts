/**
 * Images, and volumes, whose links try to lead a mount elsewhere: CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881 are of
 * this kind. What is mounted is inside of the container, and never in its /proc.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import type { RunOptions } from '../../lib/engine/options';
import { tempRoot } from '../helpers/temp';
import { output, sh } from '../run/support';
import { dataOf, makeRootfs } from './support';

let root: string;
let host: string;
let rootfs: string;
let skiff: Skiff;

beforeEach(async () => {
  root = tempRoot();
  host = tempRoot();
  rootfs = makeRootfs(path.join(host, 'rootfs'));
  skiff = await Skiff.open({ root });
  fs.mkdirSync(path.join(host, 'dir'));
  fs.writeFileSync(path.join(host, 'file'), 'file\n');
});

afterEach(() => skiff.close());

const dir = () => path.join(host, 'dir');
const file = () => path.join(host, 'file');
const link = (target: string, ...names: string[]) => {
  const place = path.join(rootfs, ...names);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.rmSync(place, { recursive: true, force: true });
  fs.symlinkSync(target, place);
};
const failing = (options: RunOptions) =>
  skiff.run(['true'], { rootfs, ...options }).then(
    () => undefined,
    (error: unknown) => error,
  );

/** Nothing of the host's was changed, nor of the image. */
function expectUntouched(): void {
  expect(fs.readdirSync(dir())).toEqual([]);
  expect(fs.readFileSync(file(), 'utf8')).toBe('file\n');
}

describe('links into /proc', () => {
  test.each([
    ['/proc', '/a/sys'],
    ['/proc', '/a/sys/kernel/skiff-made'],
    ['/proc/sys/kernel', '/a'],
    ['/proc/self/attr', '/a'],
    ['proc/1', '/a/attr'],
    ['../../proc', '/b/a/sys'],
  ])('a link to %s, a mount at %s', async (target, place) => {
    link(target, ...place.split('/').slice(0, place.startsWith('/b') ? 3 : 2));
    for (const options of [
      { volumes: [`${dir()}:${place}`] },
      { volumes: [`data:${place}`] },
      { tmpfs: [place] },
    ]) {
      const error = await failing(options);
      expect(error).toMatchObject({ name: 'SkiffError', step: options.tmpfs ? 'mount' : 'bind' });
      expect(['EXDEV', 'ENOENT', 'ELOOP', 'ENOTDIR']).toContain((error as { code: string }).code);
    }
    expectUntouched();
  });

  test.each([
    ['/proc/uptime', '/a'],
    ['/proc/version', '/a'],
    ['/proc/interrupts', '/etc/passwd'],
  ])('a link to the file %s at %s', async (target, place) => {
    link(target, place);
    expect(await failing({ volumes: [`${file()}:${place}`] })).toMatchObject({ code: 'EXDEV', step: 'bind' });
    expectUntouched();
  });

  test.each([
    '/proc/self/root',
    '/proc/self/cwd',
    '/proc/self/fd/0',
    '/proc/self/fd/3',
    '/proc/self/fd/7',
    '/proc/self/exe',
  ])('the magic link %s', async target => {
    link(target, 'a');
    for (const place of ['/a', '/a/x']) {
      expect(await failing({ volumes: [`${dir()}:${place}`] })).toMatchObject({
        name: 'SkiffError',
        step: 'bind',
      });
      expect(await failing({ volumes: [`${file()}:${place}`] })).toMatchObject({
        name: 'SkiffError',
        step: 'bind',
      });
    }
    expectUntouched();
  });

  test('/proc itself a link: what is masked is masked there', async () => {
    fs.mkdirSync(path.join(rootfs, 'real'));
    link('/real', 'proc');
    const { stdout } = await skiff.run(sh('wc -c < /real/interrupts 2>&1; touch /real/sys/kernel/x 2>&1'), {
      rootfs,
    });
    expect(stdout).toMatch(/^0\n/);
    expect(stdout).toMatch(/Read-only file system|Permission denied|No such file/);
  });

  test('files that lxcfs stands in for can be mounted, where no link is in the way', async () => {
    expect(
      await output(skiff, ['cat', '/proc/uptime'], { rootfs, volumes: [`${file()}:/proc/uptime`] }),
    ).toBe('file');
  });
});

describe('masks', () => {
  const INTERRUPTS = 'test -c /proc/interrupts && cat /proc/interrupts 2>&- | wc -c';

  test.each([
    ['an empty directory', () => undefined],
    ['a link for null', () => fs.symlinkSync('/proc/sys/kernel/core_pattern', path.join(dir(), 'null'))],
    ['a file for null', () => fs.writeFileSync(path.join(dir(), 'null'), 'not empty')],
  ])('hold with %s over /dev', async (_, prepare) => {
    prepare();
    for (const options of [{ volumes: [`${dir()}:/dev`] }, { tmpfs: ['/dev'] }]) {
      expect(await output(skiff, sh(INTERRUPTS), { rootfs, ...options })).toBe('0');
    }
  });
});

describe('links inside', () => {
  test.each(['/there', 'there', '../../../there', '/there/../there'])(
    'a link to %s at the target',
    async target => {
      fs.mkdirSync(path.join(rootfs, 'there'));
      link(target, 'a');
      const script = 'touch /a/new; grep -c " /there " /proc/mounts';
      expect(await output(skiff, sh(script), { rootfs, volumes: [`${dir()}:/a`] })).toBe('1');
      expect(fs.readdirSync(dir())).toEqual(['new']);
      expect(fs.existsSync('/there')).toBe(false);
    },
  );

  test('missing directories are made behind a link, inside', async () => {
    fs.mkdirSync(path.join(rootfs, 'there'));
    link('/there', 'a');
    const volumes = [`${dir()}:/a/b/c`, `${file()}:/a/d/e`];
    expect(await output(skiff, sh('cat /there/d/e; ls -d /there/b/c'), { rootfs, volumes })).toBe(
      'file\n/there/b/c',
    );
    expect(fs.readdirSync(path.join(rootfs, 'there'))).toEqual([]);
    expect(fs.existsSync('/there')).toBe(false);
  });

  test.each(['/nowhere', '/nowhere/x', 'a'])('a link that leads to nowhere, %s', async target => {
    link(target, 'a');
    for (const options of [{ volumes: [`${dir()}:/a`] }, { volumes: [`${file()}:/a`] }, { tmpfs: ['/a'] }]) {
      expect(await failing(options)).toMatchObject({ code: 'ELOOP' });
    }
    expect(fs.existsSync('/nowhere')).toBe(false);
    expectUntouched();
  });

  test.each([
    ['/etc/passwd', () => dir(), 'ENOTDIR'],
    ['/etc/passwd/x', () => dir(), 'ENOTDIR'],
    ['/etc', () => file(), 'ENOTDIR'],
  ])('at %s something of another kind', async (place, source, code) => {
    expect(await failing({ volumes: [`${source()}:${place}`] })).toMatchObject({ code, step: 'bind' });
    expectUntouched();
  });

  test('below a read-only bind: where there is a place, and not where one had to be made', async () => {
    fs.mkdirSync(path.join(host, 'outer', 'in'), { recursive: true });
    const outer = `${path.join(host, 'outer')}:/o:ro`;
    await output(skiff, ['touch', '/o/in/x'], { rootfs, volumes: [outer, `${dir()}:/o/in`] });
    expect(fs.readdirSync(dir())).toEqual(['x']);
    expect(await failing({ volumes: [outer, `${dir()}:/o/no`] })).toMatchObject({
      code: 'EROFS',
      step: 'bind',
    });
    expect(fs.readdirSync(path.join(host, 'outer'))).toEqual(['in']);
  });

  test('links that a container has left in a volume', async () => {
    const plant = 'ln -s /proc /v/p; ln -s /proc/self/root /v/r; ln -s ../../../../../etc /v/e; ln -s / /v/s';
    await output(skiff, sh(plant), { rootfs, volumes: ['data:/v'] });
    for (const place of ['/v/p/sys', '/v/r/x', '/v/s/proc/sys']) {
      expect(await failing({ volumes: ['data:/v', `${dir()}:${place}`] })).toMatchObject({ step: 'bind' });
    }
    const volumes = ['data:/v', `${dir()}:/v/e/skiff-x`];
    expect(await output(skiff, ['ls', '-d', '/etc/skiff-x'], { rootfs, volumes })).toBe('/etc/skiff-x');
    expect(fs.existsSync('/etc/skiff-x')).toBe(false);
    expect(fs.readdirSync(dataOf(root, 'data')).sort()).toEqual(['e', 'p', 'r', 's']);
  });
});
