/**
 * An image that is removed by force while a container of it does not run: the container has all it needs, and what is left
 * of the image goes with the last one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot, run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { imagesLeft, skiff, skiffFails } from './support';

const roots: string[] = [];

function newRoot(): string {
  const root = tempRoot();
  roots.push(root);
  return root;
}

afterEach(async () => {
  for (const root of roots.splice(0)) {
    const ids = await skiff(root, 'ps', '-aq', '--no-trunc');
    if (ids !== '') await skiff(root, 'rm', '-f', ...ids.split('\n'));
  }
});

/** An image with a layer and a config of its own. */
async function makeImage(root: string, ref: string): Promise<void> {
  await skiff(root, 'run', '-d', '--name', 'maker', 'sh', '-c', `echo ${ref} > /made`);
  await skiff(root, 'wait', 'maker');
  await skiff(
    root,
    'commit',
    '-c',
    'ENV word=kept',
    '-c',
    'CMD ["sh", "-c", "cat /made; echo $word"]',
    'maker',
    ref,
  );
  await skiff(root, 'rm', 'maker');
}

const layersOf = (root: string, id: string) =>
  (
    JSON.parse(fs.readFileSync(path.join(root, 'containers', id, 'state.json'), 'utf8')) as {
      layers: string[];
    }
  ).layers;

/** What the bundled image has stays, of others there is nothing. */
function expectNothingLeft(root: string, layer: string): void {
  expect(fs.existsSync(layer)).toBe(false);
  expect(imagesLeft(root).filter(name => name.endsWith(path.basename(layer)))).toEqual([]);
  expect(fs.existsSync(path.join(root, 'images', 'forgotten'))).toBe(false);
  expect(fs.readdirSync(path.join(root, 'images', 'records'))).toEqual([]);
}

test('the container starts, commits, tells its changes and exports; all goes with the last one', async () => {
  const root = newRoot();
  await makeImage(root, 'mine:1');
  const first = await skiff(root, 'create', '--name', 'first', '--image', 'mine:1');
  await skiff(root, 'create', '--name', 'second', '--image', 'mine:1');
  const [layer] = layersOf(root, first);
  expect(await skiff(root, 'start', '-a', 'first')).toBe('mine:1\nkept');
  expect((await skiffFails(root, 'rmi', 'mine:1')).stderr).toMatch(/must force/);
  expect(await skiff(root, 'rmi', '-f', 'mine:1')).toMatch(
    /^Untagged: mine:1\nDeleted: sha256:[0-9a-f]{64}$/,
  );
  expect(await skiff(root, 'images', '-aq')).not.toContain('mine');
  expect((await skiffFails(root, 'run', '--image', 'mine:1', 'true')).stderr).toMatch(
    /no such image: mine:1/,
  );
  // Neither does another image's name that it had, nor a sweep, change anything.
  await skiff(root, 'tag', 'busybox', 'mine:1');
  await skiff(root, 'ps', '-a');
  for (const name of ['first', 'second']) expect(await skiff(root, 'start', '-a', name)).toBe('mine:1\nkept');
  expect(await skiff(root, 'diff', 'first')).toBe('');
  const exported = await run(['export', 'first'], { root });
  expect({ code: exported.code, has: exported.stdout.includes('mine:1\n') }).toEqual({ code: 0, has: true });
  await skiff(root, 'commit', 'first', 'again:1');
  expect(await skiff(root, 'run', '--image', 'again:1')).toBe('mine:1\nkept');
  await skiff(root, 'rmi', 'again:1', 'mine:1');
  await skiff(root, 'rm', 'first');
  expect(await skiff(root, 'start', '-a', 'second')).toBe('mine:1\nkept');
  await skiff(root, 'rm', 'second');
  expectNothingLeft(root, layer!);
});

test('it goes with a pruning, and where a removal was cut short with the next list', async () => {
  const root = newRoot();
  await makeImage(root, 'mine:1');
  const id = await skiff(root, 'create', '--image', 'mine:1');
  const [layer] = layersOf(root, id);
  await skiff(root, 'rmi', '-f', 'mine:1');
  await skiff(root, 'container', 'prune', '-f');
  expectNothingLeft(root, layer!);

  await makeImage(root, 'other:1');
  const other = await skiff(root, 'create', '--image', 'other:1');
  const [second] = layersOf(root, other);
  await skiff(root, 'rmi', '-f', 'other:1');
  // As a killed removal leaves it.
  fs.rmSync(path.join(root, 'containers', other), { recursive: true });
  expect(await skiff(root, 'ps', '-aq')).toBe('');
  expectNothingLeft(root, second!);
});

test('one that is loaded again is whole, whichever of the two goes first', async () => {
  const root = newRoot();
  await makeImage(root, 'mine:1');
  const archive = path.join(root, 'image.tar');
  await skiff(root, 'save', '-o', archive, 'mine:1');
  const id = await skiff(root, 'create', '--image', 'mine:1');
  await skiff(root, 'rmi', '-f', 'mine:1');
  await skiff(root, 'load', '-i', archive);
  expect(await skiff(root, 'start', '-a', id)).toBe('mine:1\nkept');
  await skiff(root, 'rm', id);
  expect(await skiff(root, 'run', '--image', 'mine:1')).toBe('mine:1\nkept');
  const last = await skiff(root, 'create', '--image', 'mine:1');
  const [layer] = layersOf(root, last);
  await skiff(root, 'rmi', '-f', 'mine:1');
  await skiff(root, 'rm', last);
  expectNothingLeft(root, layer!);
});

/** Remove a layer in a process that is killed when it has taken the layer out of sight and asks who uses it. */
async function killedRemoval(root: string, digest: string): Promise<void> {
  const script = `
    const { deleteReadOnlyLayer } = require(${JSON.stringify(path.join(projectRoot, 'dist/layers/layer.js'))});
    const isUsed = () => process.kill(process.pid, 'SIGKILL');
    deleteReadOnlyLayer({ root: ${JSON.stringify(root)}, digest: ${JSON.stringify(digest)}, isUsed });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
}

describe('a layer whose removal was killed before it was known that a container has it', () => {
  let root: string;
  let id: string;
  let layer: string;

  beforeEach(async () => {
    root = newRoot();
    await makeImage(root, 'mine:1');
    id = await skiff(root, 'create', '--image', 'mine:1');
    layer = layersOf(root, id)[0]!;
    await killedRemoval(root, `sha256:${path.basename(layer)}`);
    expect(fs.existsSync(layer)).toBe(false);
  });

  test.each([
    ['start', () => ['start', '-a', id], 'mine:1\nkept'],
    ['run', () => ['run', '--image', 'mine:1'], 'mine:1\nkept'],
    ['diff', () => ['diff', id], ''],
    ['ps', () => ['ps', '-q'], ''],
    ['import', () => ['images', '-q', 'none'], ''],
  ])('is back with the next command that needs it: %s', async (_what, args, stdout) => {
    expect(await skiff(root, ...args())).toBe(stdout);
    if (args()[0] === 'images') await skiff(root, 'import', path.join(projectRoot, 'busybox.tar'), 'b:1');
    expect(fs.readFileSync(path.join(layer, 'made'), 'utf8')).toBe('mine:1\n');
    expect(await skiff(root, 'start', '-a', id)).toBe('mine:1\nkept');
    const names = fs.readdirSync(path.dirname(layer));
    expect(names.filter(name => name.startsWith('.'))).toEqual([]);
  });

  test('goes with its container', async () => {
    await skiff(root, 'rmi', '-f', 'mine:1');
    await skiff(root, 'rm', id);
    expectNothingLeft(root, layer);
    expect(fs.readdirSync(path.dirname(layer)).filter(name => name.startsWith('.'))).toEqual([]);
  });
});
