import fc from 'fast-check';
import { formatBytes, formatDuration, parseDuration, parseSize } from '../../lib/common/units';

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['100', 100],
    ['32b', 32],
    ['1k', 1024],
    ['1kb', 1024],
    ['1KiB', 1024],
    ['64m', 64 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['32 MB', 32 * 1024 ** 2],
    ['.5k', 512],
    ['1e3', 1000],
    ['2T', 2 * 1024 ** 4],
    ['1.7', 1],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    ['abc', "invalid size: 'abc'"],
    ['', "invalid size: ''"],
    ['-1', "invalid size: '-1'"],
    ['-1k', "invalid size: '-1k'"],
    ['1.2.3', "invalid size: '1.2.3'"],
    ['9999999p', "invalid size: '9999999p'"],
    ['32x', "invalid suffix: 'x'"],
    ['32kbx', "invalid suffix: 'kbx'"],
    ['32bb', "invalid suffix: 'bb'"],
    ['32mm', "invalid suffix: 'mm'"],
  ])('%j is refused', (text, message) => expect(() => parseSize(text)).toThrow(message));

  test('any whole number with any suffix is that number times its step', () => {
    const suffixes = fc.constantFrom('', 'k', 'm', 'g', 'K', 'mb', 'GiB', ' m', 'b');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), suffixes, (number, suffix) => {
        const step = ' kmg'.indexOf(suffix.trim().toLowerCase().charAt(0));
        expect(parseSize(`${number}${suffix}`)).toBe(number * 1024 ** Math.max(0, step));
      }),
    );
  });

  test('any text gives a whole number of bytes or a SkiffError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9. kmgib-]{0,8}$/)), text => {
        try {
          const bytes = parseSize(text);
          expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'SkiffError', code: 'INVALID_ARGUMENT' });
        }
      }),
    );
  });

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [64 * 1024 ** 2, '64 MiB'],
    [67_004_006, '63.9 MiB'],
    [1024 ** 2 - 1, '1 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
  ])('%d is read as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('durations', () => {
  test.each([
    ['1s', 1000],
    ['1.5s', 1500],
    ['500ms', 500],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['1h1m1s1ms', 3_661_001],
    ['250us', 0.25],
    ['1d', 86_400_000],
    ['3', 3000],
    ['0.5', 500],
  ])('%s on the command line', (text, ms) => expect(parseDuration(text, 's')).toBe(ms));

  test('a number alone is milliseconds in the API', () => expect(parseDuration('250', 'ms')).toBe(250));

  test.each(['', 'abc', '-1s', '1x', '1s 2m', 's', '1e999', '1s-'])('%j is refused', text =>
    expect(() => parseDuration(text, 's')).toThrow(`invalid duration: '${text}'`),
  );

  test('what is formatted reads back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), ms => {
        expect(parseDuration(formatDuration(ms), 's')).toBeCloseTo(ms, 3);
      }),
    );
  });

  test.each([
    [1000, '1s'],
    [1500, '1.5s'],
    [500, '500ms'],
    [5_400_000, '1h30m'],
  ])('%d ms is read as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
