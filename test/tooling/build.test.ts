import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Tmux } from '../helpers/tmux';
import { until } from '../helpers/wait';
import { Checkout } from './checkout';

const EVERYTHING = ['npm ci', 'node-gyp rebuild', 'tsc'];
const ANNOUNCEMENT = 'skiff: building what is missing (once, about a minute) ...\n';

let checkout: Checkout;

beforeEach(() => {
  checkout = new Checkout();
});

afterEach(() => checkout.delete());

const start = (args: string[] = [], env: Record<string, string> = {}) => checkout.run('bin/run', args, env);

describe('the first start', () => {
  it('builds everything, says so in one line, and goes on', async () => {
    expect(await start(['run', 'a b', ''])).toEqual({ code: 3, stdout: 'run|a b|', stderr: ANNOUNCEMENT });
    expect(checkout.called()).toEqual(EVERYTHING);
    expect(checkout.logs()).toEqual([]);
    expect(fs.readdirSync(checkout.root).filter(name => /^\.build-(dist|old)/.test(name))).toEqual([]);
  });

  it('is the only one that does', async () => {
    await start();
    checkout.called();
    expect(await start(['x'])).toEqual({ code: 1, stdout: 'x', stderr: '' });
    expect(checkout.called()).toEqual([]);
  });

  it('builds once when there are twenty at the same time', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, at) => start([`start ${at}`], { SLOW: '100' })),
    );
    expect(all.map(({ code, stdout }) => [code, stdout])).toEqual(all.map((_, at) => [1, `start ${at}`]));
    expect(checkout.called()).toEqual(EVERYTHING);
    expect(all.filter(({ stderr }) => stderr === ANNOUNCEMENT)).toHaveLength(1);
    const waiting = 'skiff: waiting for another start that builds what is missing ...\n';
    expect(all.every(({ stderr }) => [ANNOUNCEMENT, waiting, ''].includes(stderr))).toBe(true);
    expect(all.some(({ stderr }) => stderr === waiting)).toBe(true);
  });
});

describe.each(EVERYTHING)('a builder killed while it runs %s', tool => {
  it('holds up nobody, and what it left is not taken for complete', async () => {
    const killed = checkout.spawn('bin/run', [], { HOLD: tool });
    const called: string[] = [];
    await until(
      `${tool} is called`,
      () => (called.push(...checkout.called()), called.includes(tool)),
      20_000,
    );
    killed.kill('SIGKILL');
    await once(killed, 'exit');

    // The tool lives on: the next start must not build beside it.
    const next = checkout.spawn('bin/run', ['x']);
    let said = '';
    next.stderr?.on('data', chunk => (said += chunk));
    await until('the next start waits', () => said.includes('waiting for another start'), 20_000);
    expect(checkout.called()).toEqual([]);
    checkout.write('release', '');
    expect(await once(next, 'exit')).toEqual([1, null]);

    // npm itself says when it is done, so that what it did counts.
    const left = EVERYTHING.slice(EVERYTHING.indexOf(tool === 'npm ci' ? 'node-gyp rebuild' : tool));
    expect(checkout.called()).toEqual(left);
    expect((await start(['x'])).stderr).toBe('');
  });
});

describe('a part that is missing is built again', () => {
  it.each([
    [['node_modules'], ['npm ci']],
    [['build'], ['node-gyp rebuild']],
    [['dist'], ['tsc']],
    [
      ['dist', 'node_modules'],
      ['npm ci', 'tsc'],
    ],
  ])('%j', async (parts, tools) => {
    await start();
    checkout.called();
    checkout.remove(...parts);
    expect(await start(['x'])).toEqual({ code: 1, stdout: 'x', stderr: ANNOUNCEMENT });
    expect(checkout.called()).toEqual(tools);
  });
});

describe('errors', () => {
  it.each(['g++', 'make', 'python3'])(
    'without %s: the line that installs it, before anything is built',
    async name => {
      checkout.uninstall(name);
      const { code, stderr } = await start();
      expect(code).toBe(125);
      expect(stderr).toContain(`skiff: cannot build the native code: not found: ${name}\n`);
      expect(stderr).toContain('apt-get install -y g++ make python3 musl-tools');
      expect(checkout.called()).toEqual([]);
    },
  );

  it('on Alpine, the line for its package manager', async () => {
    checkout.uninstall('make');
    checkout.program('apk', '#!/bin/sh\n');
    expect((await start()).stderr).toContain('apk add g++ make python3 linux-headers\n');
  });

  it('a tool that fails: the end of its output, and the file with all of it', async () => {
    const { code, stderr } = await start([], { NPM_FAILS: '1' });
    expect(code).toBe(125);
    expect(stderr).toMatch(/^skiff: building failed: npm ci .*: exit code 1$/m);
    expect(stderr).toContain('npm output, line 40\n');
    expect(stderr).not.toContain('npm output, line 1\n');
    const log = /The whole log: (.*)\n/.exec(stderr)?.[1] ?? '';
    expect(fs.readFileSync(log, 'utf8')).toContain('npm output, line 1\n');
    // The next one tries again.
    expect(await start(['x'])).toMatchObject({ code: 1, stdout: 'x' });
  });

  it('without npm', async () => {
    checkout.uninstall('npm');
    const { code, stderr } = await start();
    expect(code).toBe(125);
    expect(stderr).toBe(
      'skiff: cannot install the dependencies: not found: npm\nInstall it: apt-get install -y npm\n',
    );
  });

  it('without flock', async () => {
    checkout.uninstall('flock');
    const { code, stderr } = await start();
    expect(code).toBe(125);
    expect(stderr).toBe(
      'skiff: cannot build what is missing: flock not found\nInstall it: apt-get install -y util-linux\n',
    );
  });

  it('a module that is missing inside of the built code is not taken for a missing build', async () => {
    await start();
    checkout.write('dist/bundle/main.js', "(function (exports, require) { require('gone'); })");
    checkout.called();
    const { code, stderr } = await start();
    expect(code).toBe(125);
    expect(stderr).toMatch(/^skiff: Cannot find module 'gone'/);
    expect(checkout.called()).toEqual([]);
  });
});

describe('npm run build -- --if-missing', () => {
  const build = () => checkout.run('scripts/build.js', ['--if-missing']);

  /** Files of the same tick as the stamp would count as older. */
  const later = (name: string) => {
    const time = Date.now() / 1000 + 1;
    fs.utimesSync(checkout.at(name), time, time);
  };

  beforeEach(async () => {
    await build();
    expect(checkout.called()).toEqual(EVERYTHING);
  });

  it('does nothing where nothing changed', async () => {
    expect(await build()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(checkout.called()).toEqual([]);
  });

  it('compiles what is older than its sources, which bin/run does not', async () => {
    later('lib/index.ts');
    await start();
    expect(checkout.called()).toEqual([]);
    await build();
    expect(checkout.called()).toEqual(['tsc']);
  });

  it('takes over the objects of a build that ended well', async () => {
    later('csrc/core/a.c');
    await build();
    expect(checkout.called()).toEqual(['node-gyp configure', 'node-gyp build']);
  });

  it('sees that a file was removed', async () => {
    checkout.remove('csrc/core/b.c');
    later('csrc/core');
    await build();
    expect(checkout.called()).toEqual(['node-gyp configure', 'node-gyp build']);
  });

  it('installs dependencies of other versions', async () => {
    checkout.lock({ typescript: '1.0.1' });
    await build();
    expect(checkout.called()).toEqual(['npm ci']);
  });
});

it('npm run build builds everything but the dependencies from nothing', async () => {
  await start();
  checkout.called();
  expect(await checkout.run('scripts/build.js')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'skiff: building ...\n',
  });
  expect(checkout.called()).toEqual(['node-gyp rebuild', 'tsc']);
});

describe('an installed package', () => {
  /** Its dependencies may be beside it. */
  beforeEach(async () => {
    await start();
    checkout.called();
    const parent = path.join(checkout.root, '..', 'node_modules');
    fs.renameSync(checkout.at('node_modules'), parent);
    checkout.remove('build', 'lib', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json');
  });

  it('that brings native code for this machine builds nothing', async () => {
    checkout.write('prebuilds/here', '');
    expect(await start(['x'])).toEqual({ code: 1, stdout: 'x', stderr: '' });
    expect(checkout.called()).toEqual([]);
  });

  it('that brings none builds it, once', async () => {
    expect(await start(['x'])).toEqual({ code: 1, stdout: 'x', stderr: ANNOUNCEMENT });
    expect(checkout.called()).toEqual(['node-gyp rebuild']);
    expect((await start(['x'])).stderr).toBe('');
  });

  it('builds with the node-gyp that npm brings', async () => {
    const [parent, npm] = ['node_modules', 'npm'].map(name => path.join(checkout.root, '..', name));
    fs.mkdirSync(path.join(npm!, 'bin'), { recursive: true });
    fs.mkdirSync(path.join(npm!, 'node_modules'));
    fs.renameSync(path.join(parent!, 'node-gyp'), path.join(npm!, 'node_modules', 'node-gyp'));
    fs.renameSync(path.join(checkout.bin, 'npm'), path.join(npm!, 'bin', 'npm-cli.js'));
    fs.symlinkSync(path.join(npm!, 'bin', 'npm-cli.js'), path.join(checkout.bin, 'npm'));
    expect(await start(['x'])).toMatchObject({ code: 1, stdout: 'x' });
    expect(checkout.called()).toEqual(['node-gyp rebuild']);
  });

  it('without any node-gyp: the line that installs it', async () => {
    fs.rmSync(path.join(checkout.root, '..', 'node_modules', 'node-gyp'), { recursive: true });
    const { code, stderr } = await start(['x']);
    expect(code).toBe(125);
    expect(stderr).toBe(
      `${ANNOUNCEMENT}skiff: cannot build the native code: not found: node-gyp\nInstall it: npm install node-gyp\n`,
    );
  });
});

it('what was packed in a checkout does not count there: it is built from its sources', async () => {
  await start();
  checkout.called();
  checkout.write('prebuilds/here', '');
  checkout.remove('build');
  expect(await start(['x'])).toMatchObject({ code: 1, stdout: 'x' });
  expect(checkout.called()).toEqual(['node-gyp rebuild']);
});

describe('on a terminal', () => {
  const inTerminal = (env: Record<string, string>) =>
    Tmux.start([process.execPath, checkout.at('bin/run'), 'x'], {
      env: { PATH: `${checkout.bin}:/usr/bin`, ...env },
    });

  it('the line lives: step after step, and the time', async () => {
    const terminal = await inTerminal({ SLOW: '700', TMPDIR: path.dirname(checkout.root) });
    try {
      const line = 'skiff: building what is missing \\(once, about a minute\\): ';
      await terminal.waitFor(new RegExp(`${line}dependencies, \\d+ s`));
      await terminal.waitFor(new RegExp(`${line}native code, \\d+ s`));
      await terminal.waitFor(new RegExp(`${line}TypeScript, \\d+ s`));
      expect(await terminal.exitCode()).toBe(1);
      expect(await terminal.capturePane()).toMatch(new RegExp(`^${line}\\d+ s\nx`));
    } finally {
      await terminal.kill();
    }
  });

  it('with NO_COLOR it is written once', async () => {
    const terminal = await inTerminal({ NO_COLOR: '1', TMPDIR: path.dirname(checkout.root) });
    try {
      expect(await terminal.exitCode()).toBe(1);
      expect(await terminal.capturePane()).toContain(`${ANNOUNCEMENT}x`);
    } finally {
      await terminal.kill();
    }
  });
});
