import { formatReport } from '../../lib/cli/doctor-report';
import { nearest } from '../../lib/cli/nearest';
import { formatEnd, formatError } from '../../lib/cli/report';
import { formatTable } from '../../lib/cli/table';
import { SkiffError } from '../../lib/common/errors';
import type { ExitResult } from '../../lib/engine/options';

const MIB = 1024 ** 2;

describe('errors', () => {
  const error = new SkiffError('no such image: nosuch', { code: 'ENOENT', remedy: 'Try another.' });

  test('one line and the remedy', () =>
    expect(formatError(error, false)).toBe('skiff: no such image: nosuch\nTry another.\n'));

  test('no stack unless it is asked for', () => {
    expect(formatError(new Error('x'), false)).toBe('skiff: x\n');
    expect(formatError(new Error('x'), true)).toMatch(/^skiff: x\nError: x\n {4}at /);
  });

  test('what a name holds can not fake a line or move the cursor', () =>
    expect(formatError(new Error('a\nskiff: b\x1b[2J'), false)).toBe('skiff: a\\nskiff: b\\u001b[2J\n'));

  test('anything that was thrown', () => expect(formatError('text', false)).toBe('skiff: text\n'));
});

describe('the end', () => {
  const end = (more: Partial<ExitResult>): ExitResult => ({
    id: 'x',
    exitCode: 137,
    signal: 'SIGKILL',
    timedOut: false,
    oomKilled: false,
    durationMs: 1,
    usage: { cpuMs: 1, memoryPeakBytes: 67_004_006 },
    verdict: { status: 'signal', cpuMs: 1, wallMs: 1, memoryPeakBytes: 67_004_006 },
    files: {},
    ...more,
  });

  test.each<[Partial<ExitResult>, { timeout?: number; memory?: number }, string]>([
    [{}, { timeout: 1000, memory: 64 * MIB }, ''],
    [{ timedOut: true }, { timeout: 1000 }, 'skiff: timed out after 1s: killed\n'],
    [
      { oomKilled: true },
      { memory: 64 * MIB },
      'skiff: memory limit of 64 MiB reached (peak 63.9 MiB): a process was killed\n',
    ],
    [
      { oomKilled: true, usage: { cpuMs: 0, memoryPeakBytes: 0 } },
      {},
      'skiff: memory limit reached: a process was killed\n',
    ],
  ])('%j with %j', (result, limits, text) => expect(formatEnd(end(result), limits)).toBe(text));
});

test.each([
  ['runn', 'run'],
  ['rn', 'run'],
  ['docter', 'doctor'],
  ['doc', 'doctor'],
  ['', undefined],
  ['containers', undefined],
  ['xyz', undefined],
])('%j may mean %j', (typed, meant) => expect(nearest(typed, ['run', 'doctor'])).toBe(meant));

test('a table', () =>
  expect(
    formatTable(
      ['CHECK', 'STATUS'],
      [
        ['kernel', 'ok'],
        ['\x1b[32mü\x1b[0m', ''],
      ],
    ),
  ).toBe('CHECK    STATUS\nkernel   ok\n\x1b[32mü\x1b[0m\n'));

test("the doctor's report", () =>
  expect(
    formatReport({
      ok: false,
      findings: [
        { name: 'kernel', status: 'ok', detail: 'Linux 6.1' },
        { name: 'user', status: 'missing', detail: 'uid 7: root is needed', remedy: 'Run skiff as root.' },
      ],
    }),
  ).toBe(`CHECK    STATUS    DETAIL
kernel   ok        Linux 6.1
user     missing   uid 7: root is needed

user: Run skiff as root.

skiff run can not work here.
`));
