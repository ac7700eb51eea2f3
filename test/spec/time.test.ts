import { formatTime, parseTime, toNano } from '../../lib/common/time';

const now = Date.UTC(2021, 10, 25, 12);
const at = (...parts: [number, number, number?, number?, number?, number?]) =>
  BigInt(Date.UTC(...parts)) * 1_000_000n;
const local = (...parts: [number, number, number, number?, number?, number?]) =>
  BigInt(new Date(...parts).getTime()) * 1_000_000n;

test.each<[string, bigint]>([
  ['2021-11-25T02:46:11.123456789Z', at(2021, 10, 25, 2, 46, 11) + 123456789n],
  ['2021-11-25T02:46:11.5Z', at(2021, 10, 25, 2, 46, 11) + 500000000n],
  ['2021-11-25T02:46:11+02:00', at(2021, 10, 25, 0, 46, 11)],
  ['2021-11-25T02:46-01:30', at(2021, 10, 25, 4, 16)],
  ['2021-11-25Z', at(2021, 10, 25)],
  ['2021-11-25', local(2021, 10, 25)],
  ['2021-11-25T02', local(2021, 10, 25, 2)],
  ['2021-11-25T02:46:11', local(2021, 10, 25, 2, 46, 11)],
  ['0', 0n],
  ['1136073600', 1136073600_000000000n],
  ['1136073600.000000001', 1136073600_000000001n],
  ['1136073600.5', 1136073600_500000000n],
  ['10m', at(2021, 10, 25, 11, 50)],
  ['1h30m', at(2021, 10, 25, 10, 30)],
  ['1.5s', at(2021, 10, 25, 11, 59, 58) + 500000000n],
  ['0s', at(2021, 10, 25, 12)],
  ['-10m', at(2021, 10, 25, 12, 10)],
])('%s is a time', (text, expected) => {
  expect(parseTime(text, now)).toBe(expected);
});

test.each([
  '',
  'soon',
  '2021-13-01',
  '2021-02-30',
  '2021-11-25T24:00',
  '2021-11-25 02:46',
  '5d',
  '-',
  '1e3',
  's',
])('%j is no time', text => {
  expect(() => parseTime(text)).toThrow('failed to parse value as time or duration');
});

test('a time has one text, and texts sort as times do', () => {
  const ns = at(2021, 10, 25, 2, 46, 11) + 123456789n;
  expect(formatTime(ns)).toBe('2021-11-25T02:46:11.123456789Z');
  expect(formatTime(0n)).toBe('1970-01-01T00:00:00.000000000Z');
  expect(formatTime(-1n)).toBe('1969-12-31T23:59:59.999999999Z');
  expect(parseTime(formatTime(ns))).toBe(ns);
});

test('an invalid Date is refused', () => {
  expect(() => toNano(new Date(Number.NaN))).toThrow('invalid time');
  expect(toNano(new Date(5))).toBe(5_000_000n);
});
