import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createReadOnlyLayer } from '../../lib/workspace';
import { temporaryName } from '../../lib/layers/owner';
import { describeTree, makeTar, TestDirectories } from './support';

const directories = new TestDirectories();
afterAll(() => directories.removeAll());

const PACKAGE = path.resolve(__dirname, '../..');
const FILES = 400;

let program: string;
let tarFile: string;
beforeAll(async () => {
  const top = directories.make();
  tarFile = path.join(top, 'layer.tar');
  const content = Buffer.alloc(20_000, 'content');
  const entries = Array.from({ length: FILES }, (_, number) => ({
    header: { name: `dir${number % 20}/file${number}`, mtime: new Date(0) },
    content,
  }));
  fs.writeFileSync(tarFile, await makeTar(entries));
  program = path.join(top, 'unpack.js');
  // The package's root is looked for upwards from the code.
  fs.writeFileSync(path.join(top, 'package.json'), '{}');
  bundle(program);
});

/** A program that unpacks: by esbuild's command line, since its library leaves a process running. */
function bundle(outfile: string): void {
  const source = `import { createReadOnlyLayer } from './lib/workspace';
    createReadOnlyLayer({ root: process.argv[2], tar: process.argv[3] }).then(
      layer => console.log(layer.path),
      error => { console.error(error); process.exitCode = 1; });`;
  const addon = path.join(PACKAGE, 'build/Release/skiff.node');
  const flags = [
    '--bundle',
    '--platform=node',
    '--log-level=error',
    '--external:*.node',
    // The addon is found from the file that asks for it, which the bundle moves.
    '--alias:bindings=./test/workspace/bindings-stand-in.js',
    `--define:ADDON=${JSON.stringify(addon)}`,
    `--outfile=${outfile}`,
  ];
  execFileSync(path.join(PACKAGE, 'node_modules/.bin/esbuild'), flags, { cwd: PACKAGE, input: source });
}

function unpacker(root: string): ChildProcess {
  return spawn(process.execPath, [program, root, tarFile], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Everything of the layer but the times of directories that the tar does not name. */
function contents(layer: string): string[] {
  return describeTree(layer).filter(line => line.startsWith('dir') && line.includes('/'));
}

test('eight processes at once make one layer', async () => {
  const root = path.join(directories.make(), 'root');
  const children = Array.from({ length: 8 }, () => unpacker(root));
  const codes = await Promise.all(children.map(async child => (await once(child, 'close'))[0] as number));
  expect(codes).toEqual(Array(8).fill(0));
  const layers = fs.readdirSync(path.join(root, 'images/layers'));
  expect(layers).toHaveLength(1);
  expect(contents(path.join(root, 'images/layers', layers[0] ?? ''))).toHaveLength(FILES);
});

test('SIGKILL at any moment leaves nothing that counts, and the next call cleans up', async () => {
  const reference = path.join(directories.make(), 'root');
  const whole = contents((await createReadOnlyLayer({ root: reference, tar: tarFile })).path);
  expect(whole).toHaveLength(FILES);
  let cutShort = 0;
  for (let round = 0; round < 12; round++) {
    const root = path.join(directories.make(), 'root');
    const layers = path.join(root, 'images/layers');
    const child = unpacker(root);
    const ended = once(child, 'close');
    // From the moment on that it begins to write; before that there is nothing to cut short.
    while (!fs.existsSync(layers) && child.exitCode === null) await sleep(1);
    await sleep(Math.random() * 30);
    child.kill('SIGKILL');
    await ended;
    const left = fs.readdirSync(layers);
    if (left.some(name => name.startsWith('.'))) cutShort++;
    for (const name of left.filter(entry => !entry.startsWith('.')))
      expect(contents(path.join(layers, name))).toEqual(whole);
    const layer = await createReadOnlyLayer({ root, tar: tarFile });
    expect(contents(layer.path)).toEqual(whole);
    // Where the layer was whole already, the next call had no reason to look around.
    if (!left.includes(path.basename(layer.path)))
      expect(fs.readdirSync(layers)).toEqual([path.basename(layer.path)]);
  }
  expect(cutShort).toBeGreaterThan(0);
});

test('what a living process is at work on stays', async () => {
  const root = path.join(directories.make(), 'root');
  const layers = path.join(root, 'images/layers');
  fs.mkdirSync(layers, { recursive: true });
  const ours = temporaryName(layers);
  const anotherBoot = path.join(layers, path.basename(ours).replace(/^\.tmp-[^.]+/, '.tmp-another-boot'));
  const reusedPid = path.join(layers, path.basename(ours).replace(/\d+(\.[0-9a-f]+)$/, '1$1'));
  for (const directory of [ours, anotherBoot, reusedPid])
    fs.mkdirSync(path.join(directory, 'some/thing'), { recursive: true });
  await createReadOnlyLayer({ root, tar: tarFile });
  expect(fs.readdirSync(layers).filter(name => name.startsWith('.'))).toEqual([path.basename(ours)]);
});

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
