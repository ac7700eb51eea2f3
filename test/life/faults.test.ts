/**
 * Every step of a start fails once, by injection: the error must tell which step and why in one line, nothing may be
 * left of the container, and the next start must work. Looked at from outside: /proc, mount table, cgroup files,
 * the root directory.
 */
import { Skiff } from '../../lib/engine';
import type { StartOptions } from '../../lib/engine/options';
import { tempRoot } from '../helpers/temp';
import { canLimit, isUser } from '../helpers/user-mode';
import { containersOf, leftSince, lookAround } from './support';

/** A container that takes every step there is but those of a terminal. */
const EVERYTHING: StartOptions = {
  name: 'faulty',
  user: '1000:1000',
  readOnly: true,
  tmpfs: ['/scratch'],
  volumes: ['/usr:/host/usr:ro', '/etc/passwd:/host/passwd:ro'],
  ulimits: ['nofile=64:64'],
  sysctls: { 'kernel.shm_rmid_forced': '1' },
  ...(canLimit && { pidsLimit: 50, memory: '64m', cpus: 1 }),
  init: true,
  stdin: 'pipe',
};

const RUNTIME = ['container-directory', 'name'];
const ADDON = [
  'write-layer',
  'mount-point',
  ...(canLimit ? ['cgroup', 'join-cgroup'] : []),
  'bind-source',
  'clone',
  'send-plan',
  'guard',
  'record',
  'go',
  'ready',
];
const SET_UP = [
  'root',
  'mount',
  'bind',
  // A user's devices are those of the host, bound.
  ...(isUser ? [] : ['device']),
  'symlink',
  'hostname',
  'loopback',
  'sysctl',
  'readonly',
  'mask',
  'directory',
  'root-readonly',
];
const PROCESS = ['rlimit', 'stdio', 'cwd', 'capabilities', 'user', 'exec'];

const root = tempRoot();

async function failAt(step: string, code: string, options: StartOptions) {
  await using skiff = await Skiff.open({ root, fault: { step, code } });
  const error: unknown = await skiff.start(['true'], options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  // Before the Skiff is closed: the failed start itself cleans up.
  return { error, left: containersOf(root) };
}

async function expectCleanFailure(step: string, code: string, options = EVERYTHING): Promise<void> {
  const before = lookAround();
  const { error, left } = await failAt(step, code, options);
  expect(error).toMatchObject({ name: 'SkiffError', step, code, exitCode: 125 });
  expect((error as Error).message).toMatch(new RegExp(`^[^\\n]*\\b${step}\\b[^\\n]*$`));
  expect(left).toEqual([]);
  expect(await leftSince(before)).toEqual([]);
}

beforeAll(async () => {
  await using skiff = await Skiff.open({ root });
  // With the same options: what fails below does so by its fault alone.
  expect((await skiff.run(['true'], { ...EVERYTHING, input: '' })).exitCode).toBe(0);
  const container = await skiff.start(['true'], { tty: true });
  // Its end is told by an error of read(2): the terminal has no other side any more.
  container.stdout?.on('error', () => undefined).resume();
  expect((await container.wait()).exitCode).toBe(0);
});

describe("the runtime's step", () => {
  test.each(RUNTIME)('%s', step => expectCleanFailure(step, 'EDQUOT'));
});

describe("the addon's step", () => {
  test.each(ADDON)('%s', step => expectCleanFailure(step, 'ENOMEM'));
});

describe("the init's step of the set-up", () => {
  test.each(SET_UP)('%s', step => expectCleanFailure(step, 'ENOSPC'));
  test('terminal', () => expectCleanFailure('terminal', 'ENOSPC', { tty: true }));
});

describe("the process's step", () => {
  test.each(PROCESS)('%s', step => expectCleanFailure(step, 'EPERM'));
  test('exec without --init', () => expectCleanFailure('exec', 'EPERM', { init: false }));
});

test('a step that this start does not take does not fail it', async () => {
  const { error, left } = await failAt('terminal', 'EIO', { ...EVERYTHING, stdin: 'ignore' });
  expect(error).toBeUndefined();
  // The container runs, or has been removed already: the closing removes it in any case.
  expect(left.length).toBeLessThanOrEqual(2);
  expect(containersOf(root)).toEqual([]);
});

test('of twenty starts at once that fail at different steps nothing is left, and others go on', async () => {
  const before = lookAround();
  const steps = [...RUNTIME.filter(step => step !== 'name'), ...ADDON, ...SET_UP];
  await using sound = await Skiff.open({ root });
  const [failures, results] = await Promise.all([
    Promise.all(steps.map(step => failAt(step, 'EIO', { ...EVERYTHING, name: undefined }))),
    Promise.all(steps.slice(0, 5).map(() => sound.run(['echo', 'fine']))),
  ]);
  expect(failures.map(({ error }) => (error as { step: string }).step)).toEqual(steps);
  expect(results.map(result => result.stdout)).toEqual(Array(5).fill('fine\n'));
  await sound.close();
  expect(containersOf(root)).toEqual([]);
  expect(await leftSince(before)).toEqual([]);
});

test('the next run works', async () => {
  await using skiff = await Skiff.open({ root });
  const result = await skiff.run(['echo', 'works'], { ...EVERYTHING, input: '' });
  expect(result).toMatchObject({ exitCode: 0, stdout: 'works\n' });
});
