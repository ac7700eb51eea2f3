/** The package as its users get it: packed, installed without scripts in an empty folder, on a machine without compiler. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { libcName, platformName } from '../../lib/native/location';
import { describeIf, itIf } from '../helpers/conditions';
import { projectRoot } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { isWritable } from '../helpers/user-mode';
import { Consumer } from './consumer';

const SETUP_MS = 240_000;
const MAX_TARBALL_BYTES = 8 << 20;
const MAX_PACKAGES = 40;

let consumer: Consumer;

/** npm pack builds in the checkout first. */
const canPack = isWritable(projectRoot);
const describePacked = describeIf(
  canPack,
  'the checkout is somebody else’s, and nothing can be packed in it',
);

beforeAll(async () => {
  if (!canPack) return;
  consumer = new Consumer();
  expect(await consumer.install()).toMatchObject({ code: 0, stderr: '' });
}, SETUP_MS);

afterAll(() => consumer?.remove());

/** Every file of the installed package, from its root. */
function packedFiles(): string[] {
  const entries = fs.readdirSync(consumer.package, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => !entry.isDirectory());
  return files.map(file => path.relative(consumer.package, path.join(file.parentPath, file.name)));
}

/** What npm wrote down that it installed, by where it is. */
function installedPackages(): Record<string, { hasInstallScript?: boolean }> {
  const file = path.join(consumer.root, 'node_modules', '.package-lock.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { packages: Record<string, object> }).packages;
}

describePacked('what is packed', () => {
  it('is what an installed package needs', () => {
    const top = new Set(packedFiles().map(name => name.split('/')[0]));
    expect([...top].sort()).toEqual(
      [
        'LICENSE',
        'README.md',
        'bin',
        'binding.gyp',
        'busybox.LICENSE',
        'busybox.tar',
        'csrc',
        'dist',
        'lib',
      ].concat(['package.json', 'prebuilds', 'scripts']),
    );
    expect(packedFiles().filter(name => name.startsWith('prebuilds/'))).toEqual([
      `prebuilds/${platformName()}/skiff-init`,
      `prebuilds/${platformName()}/skiff.node`,
      `prebuilds/${platformName()}/sources.sha256`,
    ]);
    expect(
      packedFiles().filter(name => /(^csrc\/test|^dist\/(cli|commands|bench)\/|(?<!\.d)\.ts$)/.test(name)),
    ).toEqual([]);
    expect(fs.statSync(consumer.tarball).size).toBeLessThan(MAX_TARBALL_BYTES);
  });

  it('names no directory of the machine that packed it', () => {
    const naming = packedFiles().filter(name =>
      fs.readFileSync(path.join(consumer.package, name)).includes(`${projectRoot}/`),
    );
    expect(naming).toEqual([]);
  });

  it('leaves nothing in the checkout', () => {
    expect(fs.existsSync(path.join(projectRoot, 'prebuilds', platformName()))).toBe(false);
  });

  it('brings few packages, none of which wants to run something when it is installed', () => {
    expect(Object.keys(installedPackages()).length).toBeLessThan(MAX_PACKAGES);
    expect(
      Object.entries(installedPackages()).filter(([, { hasInstallScript }]) => hasInstallScript),
    ).toEqual([]);
  });

  it('is listed by npm run sbom', () => {
    const text = execFileSync(process.execPath, [path.join(projectRoot, 'scripts', 'sbom.js')], {
      encoding: 'utf8',
    });
    const { components } = JSON.parse(text) as { components: { purl: string; name: string }[] };
    const listed = components.filter(({ purl }) => purl.startsWith('pkg:npm/')).map(({ name }) => name);
    const installed = Object.keys(installedPackages()).map(location =>
      location.replace(/.*node_modules\//, ''),
    );
    expect(listed.sort()).toEqual(installed.filter(name => name !== 'skiffrun').sort());
    expect(components.map(({ name }) => name)).toContain('busybox-static');
  });

  it.each([
    ['publint', ['run', '--strict'], 'All good!'],
    ['attw', ['--no-color'], 'No problems found'],
  ])('%s finds nothing', (tool, args, verdict) => {
    const program = path.join(projectRoot, 'node_modules', '.bin', tool);
    const { status, stdout } = spawnSync(program, [...args, consumer.tarball], { encoding: 'utf8' });
    expect(stdout).toContain(verdict);
    expect(status).toBe(0);
  });
});

const BODY = `
  const skiff = await Skiff.open();
  const { stdout, exitCode } = await skiff.run(['echo', 'hi']);
  const error = await skiff.run(['nosuch']).catch(error => error);
  await skiff.close();
  console.log(JSON.stringify([stdout, exitCode, SkiffError.is(error) && error.code]));`;
const EXPECTED = { code: 0, stdout: '["hi\\n",0,"ENOENT"]\n', stderr: '' };

describePacked('on a machine without compiler', () => {
  it('there is none', async () => {
    const look = 'for program in cc gcc g++ clang make python python3; do command -v $program; done';
    expect(await consumer.run('sh', ['-c', look])).toMatchObject({ stdout: '' });
  });

  it('npx skiff runs a container', async () => {
    expect(await consumer.run('npx', ['skiff', 'run', 'echo', 'hi'])).toEqual({
      code: 0,
      stdout: 'hi\n',
      stderr: '',
    });
  });

  it('npx skiff has its help', async () => {
    const { code, stdout, stderr } = await consumer.run('npx', ['skiff', 'run', '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('$ skiff run [FLAGS] [IMAGE] COMMAND [ARG...]');
  });

  it('a CommonJS program', async () => {
    consumer.write(
      'run.cjs',
      `const { Skiff, SkiffError } = require('skiffrun'); (async () => {${BODY}})();`,
    );
    expect(await consumer.run('node', ['run.cjs'])).toEqual(EXPECTED);
  });

  it('an ES module', async () => {
    consumer.write('run.mjs', `import { Skiff, SkiffError } from 'skiffrun';${BODY}`);
    expect(await consumer.run('node', ['run.mjs'])).toEqual(EXPECTED);
  });

  it.each(['mts', 'cts'])('a TypeScript program, %s', async extension => {
    const text = `
      import { Skiff, SkiffError, type RunResult } from 'skiffrun';
      async function main(): Promise<void> {
        const skiff: Skiff = await Skiff.open();
        const { stdout, exitCode }: RunResult = await skiff.run(['echo', 'hi']);
        const error: unknown = await skiff.run(['nosuch']).catch((error: unknown) => error);
        await skiff.close();
        console.log(JSON.stringify([stdout, exitCode, SkiffError.is(error) && error.code]));
      }
      void main();`;
    compile(`typed.${extension}`, text);
    expect(await consumer.run('node', [`typed.${extension.replace('ts', 'js')}`])).toEqual(EXPECTED);
  });

  it('types are right for those who compile without esModuleInterop, too', () => {
    const text = `import { Skiff } from 'skiffrun'; export const opened: Promise<Skiff> = Skiff.open();`;
    compile('plain.ts', text, ['--module', 'commonjs', '--moduleResolution', 'node10']);
  });

  it('types are checked: what is no option is refused', () => {
    const text = `
      import { Skiff } from 'skiffrun';
      export const result = Skiff.open().then(skiff => skiff.run(['true'], { nosuch: 1 }));`;
    expect(() => compile('wrong.mts', text)).toThrow(/'nosuch' does not exist in type 'RunOptions'/);
  });

  it('nothing was built', () => {
    for (const name of ['build', '.build-lock'])
      expect(fs.existsSync(path.join(consumer.package, name))).toBe(false);
  });
});

/** By the checkout's compiler, with declarations checked, too. */
function compile(name: string, text: string, module: readonly string[] = ['--module', 'nodenext']): void {
  consumer.write(name, text);
  const modules = path.join(projectRoot, 'node_modules');
  const compiler = path.join(modules, 'typescript', 'bin', 'tsc');
  const flags = ['--strict', ...module, '--target', 'es2022', '--skipLibCheck', 'false'];
  const types = ['--typeRoots', path.join(modules, '@types'), '--types', 'node'];
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...flags, ...types, name], {
    cwd: consumer.root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout);
}

describePacked('on a machine that nothing was packed for', () => {
  const prebuilds = () => path.join(consumer.package, 'prebuilds');

  beforeEach(() => fs.renameSync(prebuilds(), `${prebuilds()}-hidden`));
  afterEach(() => fs.renameSync(`${prebuilds()}-hidden`, prebuilds()));

  it('the command line says what it would build with', async () => {
    const { code, stderr } = await consumer.run('npx', ['skiff', 'run', 'true']);
    expect(code).toBe(125);
    expect(stderr).toContain(
      'skiff: cannot build the native code: not found: g++, make, python3\nInstall what is missing: ',
    );
  });

  it('the API says for what there is none, and how to build it', async () => {
    consumer.write(
      'none.cjs',
      `require('skiffrun').Skiff.open().catch(({ code, message, remedy }) => console.log([code, message, remedy].join('\\n')));`,
    );
    const file = path.join(prebuilds(), platformName(), 'skiff.node');
    const { stdout } = await consumer.run('node', ['none.cjs']);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'ENOENT',
      `cannot load the native code: ${file}: the package brings none for ${platformName()}`,
      `Build it from source: node ${path.join(consumer.package, 'scripts', 'build.js')}`,
    ]);
  });

  it('an addon that the machine refuses: the reason, and how to build one', async () => {
    const file = path.join(prebuilds(), platformName(), 'skiff.node');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, 'of another machine');
    const { code, stderr } = await consumer.run('npx', ['skiff', 'run', 'true']);
    const doctor = await consumer.run('npx', ['skiff', 'doctor']);
    fs.rmSync(prebuilds(), { recursive: true });
    expect(code).toBe(125);
    expect(stderr).toContain(`skiff: cannot load the native code: ${file}: `);
    expect(stderr).toContain(
      `Build it from source: node ${path.join(consumer.package, 'scripts', 'build.js')}\n`,
    );
    expect([doctor.code, doctor.stderr]).toEqual([1, '']);
    expect(doctor.stdout).toMatch(/^native addon +missing +cannot load the native code: /m);
  });
});

describe('the C library of a program', () => {
  it('of this node', () => {
    const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
    expect(libcName(process.execPath)).toBe(header.glibcVersionRuntime ? 'glibc' : 'musl');
  });

  itIf(
    spawnSync('musl-gcc', ['--version']).status === 0,
    'musl-gcc is not installed',
    'musl',
  )('of one by musl', () => {
    const directory = tempDirectory();
    const program = path.join(directory.path, 'program');
    execFileSync('musl-gcc', ['-x', 'c', '-', '-o', program], { input: 'int main(void) { return 0; }' });
    expect(libcName(program)).toBe('musl');
    directory.remove();
  });
});
