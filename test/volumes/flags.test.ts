import fc from 'fast-check';
import { parseCsv } from '../../lib/spec/csv';
import { parseMountFlag } from '../../lib/spec/mount-flag';
import { parseVolume, parseVolumesFrom } from '../../lib/spec/volumes';

describe('-v', () => {
  test.each<[string, object]>([
    ['/a', { type: 'volume', target: '/a' }],
    ['/a/../b//c/', { type: 'volume', target: '/b/c' }],
    ['/h:/c', { type: 'bind', source: '/h', target: '/c', makeSource: true }],
    ['/h:/c:ro,z', { type: 'bind', source: '/h', target: '/c', makeSource: true, readOnly: true }],
    [
      '/h:/c:rslave,Z,cached',
      { type: 'bind', source: '/h', target: '/c', makeSource: true, propagation: 'rslave' },
    ],
    ['data:/c', { type: 'volume', source: 'data', target: '/c' }],
    [
      'd.a-t_a:/c:nocopy,ro',
      { type: 'volume', source: 'd.a-t_a', target: '/c', noCopy: true, readOnly: true },
    ],
  ])('%s', (text, request) => expect(parseVolume(text)).toEqual(request));

  test.each([
    ['', "invalid volume specification: ''"],
    [':', "invalid volume specification: ':'"],
    ['/a:', "invalid volume specification: '/a:'"],
    ['/a:ro', "invalid volume specification: '/a:ro'"],
    ['a:b:c:d', "invalid volume specification: 'a:b:c:d'"],
    ['data', "invalid mount path: 'data' mount path must be absolute"],
    ['/h:/c:ro,ro', 'invalid mode: ro,ro'],
    ['/h:/c:toString', 'invalid mode: toString'],
    ['/h:/c:rshared,private', 'invalid mode: rshared,private'],
  ])('%j is refused', (text, message) => expect(() => parseVolume(text)).toThrow(message));
});

test.each<[string, object]>([
  ['one', { container: 'one' }],
  ['one:rw', { container: 'one' }],
  ['one:ro', { container: 'one', readOnly: true }],
])('--volumes-from %s', (text, expected) => expect(parseVolumesFrom(text)).toEqual(expected));

describe('--mount', () => {
  test.each<[string, object]>([
    ['target=/c', { type: 'volume', target: '/c' }],
    ['type=bind,src=/h,dst=/c,readonly', { type: 'bind', source: '/h', target: '/c', readOnly: true }],
    [
      'TYPE=Bind,source=/h,destination=/c,ro=false',
      { type: 'bind', source: '/h', target: '/c', readOnly: false },
    ],
    ['type=bind,"src=/a,b",dst=/c', { type: 'bind', source: '/a,b', target: '/c' }],
    ['type=bind,src=./x,dst=/c', { type: 'bind', source: `${process.cwd()}/x`, target: '/c' }],
    [
      'type=volume,src=data,dst=/c,volume-nocopy',
      { type: 'volume', source: 'data', target: '/c', noCopy: true },
    ],
    [
      'src=data,dst=/c,volume-label=a=b=c',
      { type: 'volume', source: 'data', target: '/c', labels: { a: 'b=c' } },
    ],
    [
      'type=tmpfs,dst=/c,tmpfs-size=1k,tmpfs-mode=1770',
      { type: 'tmpfs', target: '/c', size: 1024, mode: 0o1770 },
    ],
  ])('%s', (text, request) => expect(parseMountFlag(text)).toEqual(request));

  test.each([
    ['', 'value is empty'],
    ['type=bind,foo', "invalid field 'foo' must be a key=value pair"],
    ['type=bind,foo=bar', "unexpected key 'foo' in 'foo=bar'"],
    ['type=,dst=/c', 'type is required'],
    ['type=nfs,dst=/c', 'invalid mount config for type "nfs": mount type unknown'],
    ['dst=/c,ro=perhaps', 'invalid value for ro: perhaps'],
    ['type=tmpfs,dst=/c,tmpfs-size=big', 'invalid value for tmpfs-size: big'],
    ['type=tmpfs,dst=/c,tmpfs-mode=9', 'invalid value for tmpfs-mode: 9'],
    ['type=bind,src=/h,dst=/c,volume-nocopy', "cannot mix 'volume-*' options with mount type 'bind'"],
    ['type=volume,dst=/c,bind-propagation=rshared', "cannot mix 'bind-*' options with mount type 'volume'"],
    ['type=bind,src=/h,dst=/c,tmpfs-mode=1', "cannot mix 'tmpfs-*' options with mount type 'bind'"],
    ['type=bind,src=/h,dst=/c,bind-propagation=up', 'invalid propagation mode: up'],
    [
      'type=bind,src=/h,dst=/c,bind-recursive=writable',
      "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction",
    ],
    [
      'type=bind,src=/h,dst=/c,ro,bind-recursive=readonly',
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    ],
    ['type=bind,s"rc=/h', 'parse error on line 1, column 12: bare " in non-quoted field'],
    ['"type=bind', 'parse error on line 1, column 11: extraneous or missing " in quoted-field'],
  ])('%j is refused', (text, message) => expect(() => parseMountFlag(text)).toThrow(message));

  test('comma-separated values: any texts come back as they were', () => {
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), texts => {
        expect(parseCsv(texts.map(quote).join(','))).toEqual(texts);
      }),
    );
    expect(parseCsv('a,,"b"')).toEqual(['a', '', 'b']);
  });
});
