/**
 * The package as programs use it, built: by require and by import, in worker threads, loaded twice. Each is a node of
 * its own, for jest's realms are none that users have; but the last ones use jest's to load the addon once more.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type * as Library from '../../lib';
import { fileRoot, projectRoot } from '../helpers/run';

/** Run a program's text with the package's entries in $CJS and $ESM, and a state root in $SKIFF_ROOT. */
async function program(text: string, type: 'commonjs' | 'module') {
  const child = spawn(process.execPath, [`--input-type=${type}`, '-e', text], {
    cwd: projectRoot,
    env: {
      ...process.env,
      SKIFF_ROOT: fileRoot(),
      CJS: `${projectRoot}/dist/index.js`,
      ESM: `${projectRoot}/dist/index.mjs`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const BODY = `
  const skiff = await Skiff.open();
  const { stdout, exitCode } = await skiff.run(['echo', 'hi']);
  const error = await skiff.run(['nosuch']).catch(error => error);
  await skiff.close();
  console.log(JSON.stringify([stdout, exitCode, SkiffError.is(error), error.code]));`;
const EXPECTED = { code: 0, stdout: '["hi\\n",0,true,"ENOENT"]\n', stderr: '' };

test('CommonJS', async () => {
  const text = `const { Skiff, SkiffError } = require(process.env.CJS); (async () => {${BODY}})();`;
  expect(await program(text, 'commonjs')).toEqual(EXPECTED);
});

test('ES module', async () => {
  const text = `import { Skiff, SkiffError } from 'skiffrun'; ${BODY}`;
  expect(await program(text, 'module')).toEqual(EXPECTED);
});

test('both at once share the errors', async () => {
  const text = `
    import { createRequire } from 'node:module';
    import { Skiff } from 'skiffrun';
    const { SkiffError } = createRequire(process.cwd() + '/')('skiffrun'); ${BODY}`;
  expect(await program(text, 'module')).toEqual(EXPECTED);
});

test('what is typed is there', () => {
  const declared = fs.readFileSync(`${projectRoot}/dist/index.d.ts`, 'utf8');
  for (const name of ['Skiff', 'SkiffError', 'RunOptions', 'RunResult', 'StartOptions', 'Container'])
    expect(declared).toMatch(new RegExp(`\\b${name}\\b`));
});

test('a program ends by itself after close, and imports nothing that holds it up', async () => {
  const text = `const { Skiff } = require(process.env.CJS); Skiff.open().then(skiff => skiff.close());`;
  expect(await program(text, 'commonjs')).toEqual({ code: 0, stdout: '', stderr: '' });
});

/** A worker thread's program: runs a container, and tells what it wrote. */
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { Skiff } = require(process.env.CJS);
  (async () => {
    const skiff = await Skiff.open();
    const { stdout } = await skiff.run(['echo', workerData]);
    await skiff.close();
    parentPort.postMessage(stdout.trim());
  })();`;

test('worker threads: four at once, beside the main thread', async () => {
  const text = `
    const { Worker } = require('node:worker_threads');
    const { once } = require('node:events');
    const { Skiff } = require(process.env.CJS);
    (async () => {
      const skiff = await Skiff.open();
      const own = skiff.run(['echo', 'main']);
      const told = await Promise.all(['a', 'b', 'c', 'd'].map(async workerData => {
        const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true, workerData });
        const [[message], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
        return message + code;
      }));
      console.log(told.join(), (await own).stdout.trim(), (await skiff.run(['echo', 'after'])).stdout.trim());
      await skiff.close();
    })();`;
  expect(await program(text, 'commonjs')).toEqual({
    code: 0,
    stdout: 'a0,b0,c0,d0 main after\n',
    stderr: '',
  });
});

test('a worker that is terminated takes its container with it; those of others live', async () => {
  const worker = `
    const { parentPort } = require('node:worker_threads');
    const { Skiff } = require(process.env.CJS);
    (async () => {
      const skiff = await Skiff.open();
      const container = await skiff.start(['sleep', '600']);
      parentPort.postMessage(container.pid);
    })();`;
  const text = `
    const { Worker } = require('node:worker_threads');
    const { once } = require('node:events');
    const fs = require('node:fs');
    const { Skiff } = require(process.env.CJS);
    const lives = pid => fs.existsSync('/proc/' + pid) && !/State:\\s*[ZX]/.test(fs.readFileSync('/proc/' + pid + '/status', 'utf8'));
    (async () => {
      const skiff = await Skiff.open();
      const own = await skiff.start(['sleep', '600']);
      const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
      const [pid] = await once(worker, 'message');
      const before = lives(pid);
      await worker.terminate();
      const end = Date.now() + 5000;
      while (lives(pid) && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 10));
      console.log(before, lives(pid), lives(own.pid));
      await skiff.close();
      // The engine of another process removes what the worker's could not.
    })();`;
  expect(await program(text, 'commonjs')).toEqual({ code: 0, stdout: 'true false true\n', stderr: '' });
  // What is left of it belongs to a process that is gone: the next command sweeps it.
  const after = `const { Skiff } = require(process.env.CJS);
    (async () => { const skiff = await Skiff.open(); console.log((await skiff.sweep()).length); await skiff.close(); })();`;
  expect(await program(after, 'commonjs')).toEqual({ code: 0, stdout: '0\n', stderr: '' });
  expect(fs.readdirSync(`${fileRoot()}/containers`)).toEqual([]);
});

/** Starts that make the next one ready, and time for it to be made. */
const MANY_STARTS = `const { Skiff } = require(process.env.CJS);
    (async () => {
      const skiff = await Skiff.open();
      for (let i = 0; i < 5; i += 1) {
        await skiff.run(['true']);
        await new Promise(resolve => setTimeout(resolve, 60));
      }
      const ahead = require('node:fs').readdirSync(process.env.SKIFF_ROOT + '/containers');
      process.stdout.write(String(ahead.filter(name => name.startsWith('.ahead-')).length), () => END);
    })();`;

test.each([
  ['at the end of its code', 'undefined'],
  ['by process.exit()', 'process.exit(0)'],
])('a program that ends without close, %s: what it had made ahead is gone with it', async (_, end) => {
  // One that is ready and, where that was made before the last one ended, what it left.
  expect(await program(MANY_STARTS.replace('END', end), 'commonjs')).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^[12]$/),
    stderr: '',
  });
  expect(fs.readdirSync(`${fileRoot()}/containers`)).toEqual([]);
});

test('a program that is killed: what it had made ahead is swept', async () => {
  const killed = MANY_STARTS.replace('END', "process.kill(process.pid, 'SIGKILL')");
  expect(await program(killed, 'commonjs')).toMatchObject({
    stdout: expect.stringMatching(/^[12]$/),
  });
  expect(fs.readdirSync(`${fileRoot()}/containers`)).not.toEqual([]);
  const after = `const { Skiff } = require(process.env.CJS);
    (async () => { const skiff = await Skiff.open(); await skiff.sweep(); await skiff.close(); })();`;
  await program(after, 'commonjs');
  expect(fs.readdirSync(`${fileRoot()}/containers`)).toEqual([]);
});

test('a program that ends without close: its containers end with it', async () => {
  const text = `const { Skiff } = require(process.env.CJS);
    (async () => {
      const skiff = await Skiff.open();
      const container = await skiff.start(['sleep', '600']);
      process.stdout.write(String(container.pid), () => process.exit(0));
    })();`;
  const { code, stdout } = await program(text, 'commonjs');
  expect(code).toBe(0);
  const end = Date.now() + 5000;
  while (fs.existsSync(`/proc/${stdout}`) && Date.now() < end)
    await new Promise(resolve => setTimeout(resolve, 10));
  expect(fs.existsSync(`/proc/${stdout}`)).toBe(false);
  const after = `const { Skiff } = require(process.env.CJS);
    (async () => { const skiff = await Skiff.open(); await skiff.sweep(); await skiff.close(); })();`;
  await program(after, 'commonjs');
  expect(fs.readdirSync(`${fileRoot()}/containers`)).toEqual([]);
});

test('loaded twice in one process, from fresh modules each time', async () => {
  const run = async (load: () => typeof Library) => {
    const { Skiff } = load();
    const skiff = await Skiff.open({ root: fileRoot() });
    const { stdout } = await skiff.run(['echo', 'hi']);
    return { Skiff, skiff, stdout };
  };
  const load = () => {
    let loaded: typeof Library | undefined;
    jest.isolateModules(() => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- isolateModules works on require
      loaded = require('../../lib') as typeof Library;
    });
    return loaded!;
  };
  const [one, two] = await Promise.all([run(load), run(load)]);
  expect([one.stdout, two.stdout]).toEqual(['hi\n', 'hi\n']);
  expect(one.Skiff).not.toBe(two.Skiff);
  await one.skiff.close();
  expect(await two.skiff.run(['echo', 'still'])).toMatchObject({ stdout: 'still\n' });
  await two.skiff.close();
});
