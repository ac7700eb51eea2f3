import fs from 'node:fs';
import path from 'node:path';
import type { FileAccess } from '../../lib/engine/file-access';
import { errorCode } from '../../lib/common/errors';
import { fileRoot, run, start } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { until } from '../helpers/wait';
import { sh, useSkiff } from '../run/support';
import { bytesOf, keep, skiff } from './support';

const COPIES = 1000;
const engine = useSkiff();

let top: string;
let remove: () => void;
beforeEach(() => ({ path: top, remove } = tempDirectory()));
afterEach(() => remove());

/** In turn `/d/dir` is a directory with a file, and a link to a directory of the host; the same with `/d/f`. */
const SWAP = (outside: string) => `
mkdir -p /d/dir; echo inside > /d/dir/f; echo inside > /d/f; echo up
while :; do
  mv /d/dir /d/real; ln -s ${outside} /d/dir; mv /d/f /d/g; ln -s ${outside}/f /d/f
  rm /d/dir; mv /d/real /d/dir; rm /d/f; mv /d/g /d/f
done`;

test(`${COPIES} copies while a process inside swaps directories and links: nothing outside is read or written`, async () => {
  const outside = path.join(top, 'outside');
  fs.mkdirSync(outside);
  fs.writeFileSync(path.join(outside, 'f'), 'SECRET');
  const source = path.join(top, 'source');
  fs.mkdirSync(path.join(source, 'dir/sub'), { recursive: true });
  fs.writeFileSync(path.join(source, 'dir/f'), 'inside\n');
  fs.writeFileSync(path.join(source, 'dir/sub/new'), 'x'.repeat(100));
  const container = await engine().start(sh(SWAP(outside)));
  await new Promise(resolve => container.stdout!.once('data', resolve));
  const files = await engine().files(container.id);
  const outcomes = { copied: 0, refused: 0 };
  const kinds: ((files: FileAccess) => Promise<unknown>)[] = [
    async f => expect(await contentOf(f, '/d')).not.toContain('SECRET'),
    async f => expect(await contentOf(f, '/d/dir/f')).not.toContain('SECRET'),
    async f => expect(await contentOf(f, '/d/f', true)).not.toContain('SECRET'),
    f => f.copyIn(path.join(source, 'dir'), '/d'),
    f => f.copyIn(path.join(source, 'dir/sub/new'), '/d/dir/new'),
  ];
  for (let i = 0; i < COPIES; i++) {
    try {
      await kinds[i % kinds.length]!(files);
      outcomes.copied++;
    } catch (error) {
      // Something was moved away under the copy: an error of ours with a code, not a failed expectation.
      if (errorCode(error) === undefined || (error as Error).message.includes('SECRET')) throw error;
      outcomes.refused++;
    }
  }
  expect(fs.readdirSync(outside)).toEqual(['f']);
  expect(fs.readFileSync(path.join(outside, 'f'), 'utf8')).toBe('SECRET');
  expect(fs.statSync(path.join(outside, 'f')).mode & 0o777).toBe(0o644);
  expect(outcomes.copied + outcomes.refused).toBe(COPIES);
  expect(outcomes.copied).toBeGreaterThan(0);
  await container.remove();
}, 180_000);

async function contentOf(files: FileAccess, name: string, followLink = false): Promise<string> {
  return (await bytesOf((await files.copyOut(name, { followLink })).stream)).toString('latin1');
}

test('a file that becomes a FIFO or a device while it is being written holds nobody up', async () => {
  const large = path.join(top, 'large');
  fs.writeFileSync(large, Buffer.alloc(24 << 20, 'x'));
  const script =
    'mkdir /d; echo up; while :; do rm -f /d/large; mkfifo /d/large; rm -f /d/large; mknod /d/large c 1 3; done';
  const container = await engine().start(sh(script));
  await new Promise(resolve => container.stdout!.once('data', resolve));
  const files = await engine().files(container.id);
  const errors: unknown[] = [];
  for (let i = 0; i < 10; i++)
    await files.copyIn(large, '/d').catch((error: unknown) => errors.push(errorCode(error)));
  expect(errors.every(code => typeof code === 'string')).toBe(true);
  await container.remove();
}, 60_000);

test('the container ends in the middle of a copy: an error or the whole, and it is removed', async () => {
  const container = await engine().start(
    sh('dd if=/dev/zero of=/zeroes bs=1M count=64 2>/dev/null; echo up; cat'),
  );
  await new Promise(resolve => container.stdout!.once('data', resolve));
  const { stream } = await (await engine().files(container.id)).copyOut('/zeroes');
  let bytes = 0;
  for await (const chunk of stream) {
    if (bytes === 0) await container.remove();
    bytes += (chunk as Buffer).length;
  }
  expect(bytes).toBeGreaterThan(64 << 20);
  expect(fs.existsSync(path.join(engine().root, 'containers', container.id))).toBe(false);
});

test('cp killed in the middle, both ways: no mount and no process is left, and the next one works', async () => {
  await keep('killed', 'dd if=/dev/zero of=/zeroes bs=1M count=200 2>/dev/null');
  const large = path.join(top, 'large');
  fs.writeFileSync(large, Buffer.alloc(200 << 20, 'x'));
  const mounts = () =>
    fs
      .readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter(line => line.includes(fileRoot()));
  const before = mounts();
  for (const args of [
    ['cp', 'killed:/zeroes', path.join(top, 'out')],
    ['cp', large, 'killed:/in'],
  ]) {
    const child = start(args);
    const closed = new Promise(resolve => child.once('close', resolve));
    await until('it copies', () => {
      const io = fs.readFileSync(`/proc/${child.pid}/io`, 'utf8');
      return Number(/rchar: (\d+)/.exec(io)?.[1]) > 16 << 20;
    });
    child.kill('SIGKILL');
    await closed;
    expect(mounts()).toEqual(before);
  }
  fs.writeFileSync(path.join(top, 'small'), 'small');
  await skiff(['cp', path.join(top, 'small'), 'killed:/in']);
  expect((await run(['cp', 'killed:/in', '-'])).stdout.toString('latin1')).toContain('small');
  await skiff(['rm', 'killed']);
}, 60_000);
