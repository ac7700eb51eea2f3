import fs from 'node:fs';
import tty from 'node:tty';
import { mayDecorate } from '../../lib/cli/decorate';
import { writeOut } from '../../lib/cli/output';

afterEach(() => jest.restoreAllMocks());

test('a pipe that is full now is written to again, and nothing is lost', () => {
  let written = '';
  let calls = 0;
  jest.spyOn(fs, 'writeSync').mockImplementation((_, data) => {
    calls += 1;
    if (calls % 2 === 1) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    written += Buffer.from(data as unknown as Uint8Array)
      .subarray(0, 3)
      .toString();
    return Math.min(3, Buffer.byteLength(data as unknown as Uint8Array));
  });
  writeOut('some text');
  expect(written).toBe('some text');
});

test('a reader that is gone is no error, another failure is', () => {
  const fail = (code: string) =>
    jest.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
  fail('EPIPE');
  expect(() => writeOut('x')).not.toThrow();
  fail('ENOSPC');
  expect(() => writeOut('x')).toThrow('ENOSPC');
});

describe('colours', () => {
  const before = process.env.NO_COLOR;
  afterEach(() => {
    if (before === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = before;
  });

  test.each([
    [true, undefined, true],
    [true, '', true],
    [true, '1', false],
    [false, undefined, false],
  ])('terminal %j, NO_COLOR %j: %j', (terminal, noColor, decorated) => {
    jest.spyOn(fs, 'fstatSync').mockReturnValue(fs.statSync('/dev/null'));
    jest.spyOn(tty, 'isatty').mockReturnValue(terminal);
    if (noColor === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = noColor;
    expect(mayDecorate(1)).toBe(decorated);
  });

  test.each(['/etc', '/etc/passwd'])('%s is not even asked whether it is a terminal', file => {
    delete process.env.NO_COLOR;
    jest.spyOn(fs, 'fstatSync').mockReturnValue(fs.statSync(file));
    const ask = jest.spyOn(tty, 'isatty').mockReturnValue(true);
    expect(mayDecorate(2)).toBe(false);
    expect(ask).not.toHaveBeenCalled();
  });
});
