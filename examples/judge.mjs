/*
 * A judge: runs submissions against test cases, each run in a container of its own with hard limits, the cases of a
 * submission at the same time.
 *
 *     node examples/judge.mjs
 *
 * To be run as root. Read "Security" in README.md before you let strangers' programs in.
 */
import { Skiff, SkiffError } from 'skiffrun';

const OPTIONS = {
  memory: '64m',
  memorySwap: '64m', // no swap
  cpus: 1,
  pidsLimit: 16,
  timeout: '2s',
  maxBuffer: 64 * 1024,
  user: '65534:65534',
  readOnly: true,
  init: true, // as its own PID 1 a program could not be ended by the signals it raises
};

const cases = [
  { input: '1 2\n', expected: '3\n' },
  { input: '20 22\n', expected: '42\n' },
  { input: '-5 5\n', expected: '0\n' },
];

/** Programs that are to add two numbers, as people hand them in. */
const submissions = {
  right: 'read a b; echo $((a + b))',
  wrong: 'read a b; echo $((a * b))',
  'endless loop': 'while :; do :; done',
  'fork bomb': 'bomb() { bomb | bomb & }; bomb; wait; sleep 10',
  'memory hog': 'dd if=/dev/zero of=/dev/null bs=100M count=1',
  'too much output': 'yes',
  crash: 'kill -SEGV $$',
};

/** One case: AC accepted, WA wrong answer, TLE time limit, MLE memory limit, OLE output limit, RE runtime error. */
async function judge(skiff, program, { input, expected }) {
  const result = await skiff.run(['sh', '-c', program], { ...OPTIONS, input });
  const ms = Math.round(result.durationMs);
  const kib = Math.round(result.usage.memoryPeakBytes / 1024);
  return { verdict: verdictOf(result, expected), ms, kib };
}

function verdictOf(result, expected) {
  if (result.oomKilled) return 'MLE';
  if (result.truncated.stdout) return 'OLE';
  if (result.timedOut) return 'TLE';
  if (result.exitCode !== 0) return 'RE';
  return result.stdout === expected ? 'AC' : 'WA';
}

const skiff = await Skiff.open();
try {
  for (const [name, program] of Object.entries(submissions)) {
    const results = await Promise.all(cases.map(one => judge(skiff, program, one)));
    const told = results.map(({ verdict, ms, kib }) => `${verdict} ${ms} ms ${kib} KiB`);
    console.log(`${name.padEnd(16)} ${told.join(' | ')}`);
  }
} catch (error) {
  // What a program does is a result. An error is this machine's: it can not run containers.
  if (!SkiffError.is(error)) throw error;
  console.error(`${error.message}\n${error.remedy ?? ''}`);
  process.exitCode = 1;
} finally {
  await skiff.close();
}
