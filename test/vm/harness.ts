import { expect } from 'expect';

/**
 * The few of jest's globals that the live tests use, small enough for a machine that has node and nothing
 * else. Tests run one after the other, each prints a line, and the exit code tells whether all held.
 */
type Body = () => void | Promise<void>;
interface Test {
  name: string;
  body: Body;
  before: Body[];
  after: Body[];
}

const tests: Test[] = [];
const skipped: string[] = [];
let scope: { name: string; before: Body[]; after: Body[] } = { name: '', before: [], after: [] };

function describe(name: string, body: () => void): void {
  const outer = scope;
  scope = { name: `${outer.name}${name}: `, before: [...outer.before], after: [...outer.after] };
  body();
  scope = outer;
}
describe.skip = (name: string): void => {
  skipped.push(name);
};

function it(name: string, body: Body): void {
  tests.push({ name: scope.name + name, body, before: scope.before, after: scope.after });
}

Object.assign(globalThis, {
  describe,
  it,
  expect,
  beforeEach: (body: Body) => scope.before.push(body),
  afterEach: (body: Body) => scope.after.push(body),
});

async function run({ body, before, after }: Test): Promise<unknown> {
  try {
    for (const step of [...before, body]) await step();
  } catch (error) {
    return error ?? new Error('thrown without an error');
  } finally {
    for (const step of after) await step();
  }
  return undefined;
}

async function runAll(): Promise<void> {
  let failures = 0;
  for (const test of tests) {
    const error = await run(test);
    if (error) failures += 1;
    console.log(`${error ? 'FAIL' : 'ok  '} ${test.name}`, error ?? '');
  }
  for (const name of skipped) console.log(`skip ${name}`);
  console.log(`${tests.length - failures} passed, ${failures} failed, ${skipped.length} skipped`);
  process.exitCode = failures > 0 || tests.length === 0 ? 1 : 0;
}

setImmediate(() => {
  runAll().catch((error: unknown) => {
    console.log('FAIL in a clean-up:', error);
    process.exitCode = 1;
  });
});
