import fc from 'fast-check';
import { DEFAULT_PATH, parseEnvFile, resolveEnvFlag, toEnv } from '../../lib/spec/env';

const host = (name: string) => ({ HERE: 'of the host', EMPTY: '' })[name];
const parse = (text: string) => parseEnvFile(Buffer.from(text), 'vars.env', host);
const base = { hostname: 'h', tty: false, home: '/root' };

describe('env files', () => {
  test("Docker's rules", () =>
    expect(
      parse(
        '\ufeffA=1\r\n# a comment\n\n  B= kept \n \t C="quotes stay"\nHERE\nNOT_THERE\nEMPTY\nD=\nE=a=b#c',
      ),
    ).toEqual(['A=1', 'B= kept ', 'C="quotes stay"', 'HERE=of the host', 'EMPTY=', 'D=', 'E=a=b#c']));

  test.each([
    ['A B=1', "env file vars.env: poorly formatted environment: variable 'A B' contains whitespaces"],
    ['A =1', "variable 'A ' contains whitespaces"],
    ['=1', "no variable name on line '=1'"],
  ])('%s is refused', (text, message) => expect(() => parse(text)).toThrow(message));

  test('bytes that are no UTF-8 are refused', () =>
    expect(() => parseEnvFile(Buffer.from([0x41, 0x3d, 0xff]), 'vars.env', host)).toThrow(
      'env file vars.env contains invalid utf8 bytes',
    ));

  test('any name and value arrive as they are', () => {
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,10}$/);
    const value = fc.string({ unit: 'grapheme' }).filter(text => !/[\n\r]/.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), pairs => {
        const lines = pairs.map(([key, text]) => `${key}=${text}`);
        expect(parse(lines.join('\n'))).toEqual(lines);
      }),
    );
  });
});

describe('-e', () => {
  test('with and without a value', () => {
    expect(resolveEnvFlag('A=b=c', host)).toBe('A=b=c');
    expect(resolveEnvFlag('HERE', host)).toBe('HERE=of the host');
    expect(resolveEnvFlag('NOT_THERE', host)).toBe('NOT_THERE');
  });

  test.each(['', '=x'])('%j is refused', text =>
    expect(() => resolveEnvFlag(text, host)).toThrow(`invalid environment variable: ${text}`),
  );
});

describe('the environment', () => {
  test('defaults', () => expect(toEnv(base)).toEqual([`PATH=${DEFAULT_PATH}`, 'HOSTNAME=h', 'HOME=/root']));

  test('TERM with a terminal', () => expect(toEnv({ ...base, tty: true })).toContain('TERM=xterm'));

  test("the user's over the image's over the defaults", () =>
    expect(toEnv({ ...base, image: ['PATH=/i', 'A=image', 'HOME=/i'], user: { A: 'user', B: '' } })).toEqual([
      'PATH=/i',
      'HOSTNAME=h',
      'A=user',
      'HOME=/i',
      'B=',
    ]));

  test('a name alone takes a variable away', () =>
    expect(toEnv({ ...base, image: ['A=1'], user: ['A', 'HOSTNAME'] })).toEqual([
      `PATH=${DEFAULT_PATH}`,
      'HOME=/root',
    ]));

  test.each([[['=x']], [{ '': 'x' }], [{ 'a=b': 'x' }]])('%j is refused', user =>
    expect(() => toEnv({ ...base, user: user as string[] })).toThrow('invalid environment variable'),
  );
});
