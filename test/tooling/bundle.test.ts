import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { renderHelp } from '../../lib/cli/help';
import { projectRoot, run, skiffProgram } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';

const bundle = path.join(projectRoot, 'dist', 'bundle');
const NAMES = ['main', 'engine', 'run', 'rm'];

/** A refused cache is no error: everything works, later. */
test.each(NAMES)('node takes the machine code of %s', name => {
  const look = `
    const file = ${JSON.stringify(path.join(bundle, name))};
    const source = fs.readFileSync(file + '.js', 'latin1');
    const script = new vm.Script(source, { cachedData: fs.readFileSync(file + '.cache') });
    console.log(script.cachedDataRejected, /^[\\0-\\x7f]*$/.test(source));`;
  expect(execFileSync(process.execPath, ['-e', look], { encoding: 'utf8' })).toBe('false true\n');
});

test.each(['engine', 'run'])('the machine code of %s is that of what a start calls, not of all', name => {
  const measure = `
    const source = fs.readFileSync(${JSON.stringify(path.join(bundle, `${name}.js`))}, 'latin1');
    const size = () => new vm.Script(source, { filename: 'x' + Math.random() }).createCachedData().length;
    const few = size();
    v8.setFlagsFromString('--no-lazy');
    console.log(JSON.stringify([few, size()]));`;
  const sizes = JSON.parse(execFileSync(process.execPath, ['-e', measure], { encoding: 'utf8' })) as number[];
  const { size } = fs.statSync(path.join(bundle, `${name}.cache`));
  expect(size).toBeGreaterThan(2 * sizes[0]!);
  expect(size).toBeLessThan(0.8 * sizes[1]!);
});

test('without machine code, or with broken one, it works all the same', async () => {
  const directory = tempDirectory();
  const copy = directory.path;
  for (const part of ['build', 'node_modules', 'package.json']) {
    fs.symlinkSync(path.join(projectRoot, part), path.join(copy, part));
  }
  fs.cpSync(path.join(projectRoot, 'bin'), path.join(copy, 'bin'), { recursive: true });
  fs.cpSync(bundle, path.join(copy, 'dist', 'bundle'), { recursive: true });
  const help = () =>
    execFileSync(process.execPath, [path.join(copy, 'bin', 'run'), '--help'], { encoding: 'utf8' });
  const expected = help();
  expect(expected).toContain('USAGE');
  fs.truncateSync(path.join(copy, 'dist', 'bundle', 'main.cache'), 1000);
  expect(help()).toBe(expected);
  fs.unlinkSync(path.join(copy, 'dist', 'bundle', 'main.cache'));
  expect(help()).toBe(expected);
  directory.remove();
});

test('stacks name functions and files as they are now', async () => {
  const { stderr } = await run(['nosuch'], { env: { DEBUG: '1' } });
  expect(stderr).toMatch(/^ +at unknownCommand \(dist\/bundle\/main\.js:\d+:\d+\)$/m);
});

test.each(['run', 'rm', 'doctor', 'bench'])('the help of %s is what its description says', async name => {
  const { default: command } = await import(`../../lib/commands/${name}`);
  const expected = stripVTControlCharacters(await renderHelp(command));
  for (const argv of [
    [name, '--help'],
    ['help', name],
    [name, '--debug', '--help'],
  ]) {
    const { code, stdout, stderr } = await run(argv);
    expect([code, String(stdout), stderr]).toEqual([0, expected, '']);
  }
});

test.each([[['--help']], [['run', '--help']], [['rnu']], [['--version']]])(
  '%j loads no module of Node that takes time',
  argv => {
    const list = `process.on('exit', () => require('fs').writeSync(1, '\\n' + JSON.stringify(process.moduleLoadList)))`;
    const directory = tempDirectory();
    const preload = path.join(directory.path, 'list.js');
    fs.writeFileSync(preload, list);
    let out: string;
    try {
      out = execFileSync(process.execPath, ['-r', preload, skiffProgram, ...argv], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch (error) {
      out = (error as { stdout: string }).stdout;
    }
    const loaded = JSON.parse(out.slice(out.lastIndexOf('\n') + 1)) as string[];
    expect(loaded).toContain('NativeModule vm');
    const slow = ['crypto', 'net', 'tty', 'child_process', 'stream', 'os', 'perf_hooks', 'readline'];
    expect(loaded.filter(name => slow.some(module => name === `NativeModule ${module}`))).toEqual([]);
    directory.remove();
  },
);

describe('NODE_EXTRA_CA_CERTS', () => {
  // node warns of a file that it can not read.
  const env = { NODE_EXTRA_CA_CERTS: '/no such/"file"' };

  it("does not hold up skiff's own start", async () => {
    expect(await run(['--version'], { env })).toMatchObject({ code: 0, stderr: '' });
  });

  it('is what it was for programs that skiff starts', async () => {
    const shell = spawnSync(
      process.execPath,
      [
        '-e',
        `process.on('exit', () => fs.writeSync(1, String([process.env.NODE_EXTRA_CA_CERTS, process.env.SKIFF_EXTRA_CA_CERTS])));
         process.argv = ['node', 'run', '--nosuch'];
         process.env.SKIFF_EXTRA_CA_CERTS = '/x y';
         require(${JSON.stringify(skiffProgram)});`,
      ],
      { encoding: 'utf8', env: { PATH: process.env.PATH } },
    );
    expect(shell.stdout).toBe('/x y,');
  });

  it('is passed on by -e', async () => {
    const ran = await run(['run', '-e', 'NODE_EXTRA_CA_CERTS', '-e', 'SKIFF_EXTRA_CA_CERTS', 'env'], { env });
    expect(String(ran.stdout)).toContain('NODE_EXTRA_CA_CERTS=/no such/"file"\n');
    expect(String(ran.stdout)).not.toContain('SKIFF_EXTRA_CA_CERTS');
    const unset = await run(['run', '-e', 'NODE_EXTRA_CA_CERTS', 'env'], {
      env: { NODE_EXTRA_CA_CERTS: undefined },
    });
    expect(String(unset.stdout)).not.toContain('NODE_EXTRA_CA_CERTS');
  });
});
