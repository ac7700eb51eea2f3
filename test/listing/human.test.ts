import { statusText } from '../../lib/cli/container-rows';
import { binarySize, decimalSize, ellipsis, goTime, humanDuration, printable } from '../../lib/cli/human';
import type { ContainerInfo } from '../../lib/engine/info';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// As go-units' HumanDuration has them.
it.each([
  [-5 * SECOND, 'Less than a second'],
  [999, 'Less than a second'],
  [SECOND, '1 second'],
  [59.9 * SECOND, '59 seconds'],
  [60 * SECOND, 'About a minute'],
  [119 * SECOND, 'About a minute'],
  [2 * MINUTE, '2 minutes'],
  [59 * MINUTE, '59 minutes'],
  [60 * MINUTE, 'About an hour'],
  [89 * MINUTE, 'About an hour'],
  [90 * MINUTE, '2 hours'],
  [47 * HOUR, '47 hours'],
  [48 * HOUR, '2 days'],
  [13 * DAY, '13 days'],
  [14 * DAY, '2 weeks'],
  [59 * DAY, '8 weeks'],
  [60 * DAY, '2 months'],
  [2 * 365 * DAY - DAY, '24 months'],
  [2 * 365 * DAY, '2 years'],
])('%d ms is told as %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

it.each([
  [0, '0B', '0B'],
  [999, '999B', '999B'],
  [1_000, '1kB', '1000B'],
  [1_024, '1.02kB', '1KiB'],
  [1_235_000, '1.24MB', '1.178MiB'],
  [5_632_000, '5.63MB', '5.371MiB'],
  [64 * 1024 ** 2, '67.1MB', '64MiB'],
  [7.5 * 1024 ** 3, '8.05GB', '7.5GiB'],
])('%d bytes are %s and %s', (bytes, decimal, binary) => {
  expect([decimalSize(bytes), binarySize(bytes)]).toEqual([decimal, binary]);
});

it('cuts by characters, and lets no code for terminals through', () => {
  expect(ellipsis('sh -c "echo hello world"', 20)).toBe('sh -c "echo hello w…');
  expect(ellipsis('😀😀😀', 3)).toBe('😀😀😀');
  expect(printable('a\x1b[31m\nb\x9bc')).toBe('a?[31m?b?c');
  expect(goTime(Date.UTC(2026, 10, 25, 3, 2, 51))).toBe('2026-11-25 03:02:51 +0000 UTC');
});

describe('status', () => {
  const now = Date.UTC(2026, 10, 25);
  it.each<[Partial<ContainerInfo>, string]>([
    [{ status: 'running', startedAt: now - 5 * MINUTE }, 'Up 5 minutes'],
    [{ status: 'paused', startedAt: now - 3 * MINUTE }, 'Up 3 minutes (Paused)'],
    [{ status: 'exited', exitCode: 137, finishedAt: now - 2 * HOUR }, 'Exited (137) 2 hours ago'],
    [{ status: 'exited', exitCode: 3 }, 'Exited (3)'],
    [{ status: 'created' }, 'Created'],
    [{ status: 'starting' }, 'Created'],
    [{ status: 'restarting', exitCode: 1, finishedAt: now - 5 * SECOND }, 'Restarting (1) 5 seconds ago'],
    [{ status: 'dead' }, 'Dead'],
  ])('%j', (container, text) => {
    expect(statusText({ created: now - DAY, ...container } as ContainerInfo, now)).toBe(text);
  });
});
