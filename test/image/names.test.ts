import { applyChanges } from '../../lib/image/changes';
import { familiarName, parseReference, taggedName } from '../../lib/image/reference';
import { whiteoutOf } from '../../lib/layers/whiteouts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36'],
  ['docker.io/busybox', 'docker.io/library/busybox:latest'],
  ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest'],
  ['user/image', 'docker.io/user/image:latest'],
  ['localhost/image:a_B.c-1', 'localhost/image:a_B.c-1'],
  ['localhost:5000/a/b/c', 'localhost:5000/a/b/c:latest'],
  ['quay.io/a/b__c-d.e', 'quay.io/a/b__c-d.e:latest'],
  ['Registry.example/a', 'Registry.example/a:latest'],
  ['[::1]:5000/a', '[::1]:5000/a:latest'],
])('%s is %s', (text, canonical) => {
  expect(taggedName(text)).toBe(canonical);
  expect(taggedName(familiarName(canonical))).toBe(canonical);
});

test('with a digest', () => {
  expect(parseReference(`busybox@${digest}`)).toEqual({ repository: 'docker.io/library/busybox', digest });
  expect(parseReference(`a.b/c:t@${digest}`)).toEqual({ repository: 'a.b/c', tag: 't', digest });
  expect(() => taggedName(`busybox@${digest}`)).toThrow('refusing to create a tag with a digest reference');
});

test.each([
  ['', 'invalid reference format'],
  ['a b', 'invalid reference format'],
  ['-a', 'invalid reference format'],
  ['a:', 'invalid reference format'],
  ['a:-x', 'invalid reference format'],
  [`a:${'x'.repeat(129)}`, 'invalid reference format'],
  ['a//b', 'invalid reference format'],
  ['../a', 'invalid reference format'],
  ['a@sha256:12', 'invalid reference format'],
  ['a\n', 'invalid reference format'],
  ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
  ['user/Image', 'invalid reference format: repository name (user/Image) must be lowercase'],
  ['a'.repeat(256), 'repository name must not be more than 255 characters'],
  ['a'.repeat(64), `invalid repository name (${'a'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
])('%j is refused', (text, message) => {
  expect(() => taggedName(text)).toThrow(
    expect.objectContaining({ message, code: 'INVALID_REFERENCE', exitCode: 1 }),
  );
});

test.each([
  [['CMD ["a", "b"]'], { Cmd: ['a', 'b'] }],
  [['cmd echo $A'], { Cmd: ['/bin/sh', '-c', 'echo $A'] }],
  [['CMD ["x"]', 'ENTRYPOINT ["e"]'], { Entrypoint: ['e'], Cmd: undefined }],
  [['ENV A=1 B="x y" C=\'z\' D=\\ e'], { Env: ['A=1', 'B=x y', 'C=z', 'D= e'] }],
  [['ENV A=1', 'ENV A=2'], { Env: ['A=2'] }],
  [['ENV NAME the rest = all'], { Env: ['NAME=the rest = all'] }],
  [['EXPOSE 80 53/udp'], { ExposedPorts: { '80/tcp': {}, '53/udp': {} } }],
  [['LABEL a=b "c d"=e'], { Labels: { a: 'b', 'c d': 'e' } }],
  [['VOLUME /a /b', 'VOLUME ["/c d"]'], { Volumes: { '/a': {}, '/b': {}, '/c d': {} } }],
  [['WORKDIR /a', 'WORKDIR b'], { WorkingDir: '/a/b' }],
  [['USER me', 'STOPSIGNAL SIGINT'], { User: 'me', StopSignal: 'SIGINT' }],
])('changes %j', (changes, expected) => {
  expect(applyChanges({}, changes)).toEqual(expected);
});

test.each([
  ['RUN true', 'RUN is not a valid change command'],
  ['', 'is not a valid change command'],
  ['CMD', 'CMD requires an argument'],
  ['ENV A', 'ENV must have two arguments'],
  ['LABEL a=b c', `can't find = in "c"`],
  ['EXPOSE http', 'invalid containerPort: http'],
])('change %j is refused', (change, message) => {
  expect(() => applyChanges({}, [change])).toThrow(message);
});

test.each([
  ['a', undefined],
  ['a/.wh', undefined],
  ['.wh.a', { kind: 'whiteout', name: 'a' }],
  ['d/.wh.a', { kind: 'whiteout', name: 'd/a' }],
  ['d/e/.wh..wh..opq', { kind: 'opaque', name: 'd/e' }],
  ['.wh..wh..opq', { kind: 'opaque', name: '' }],
  ['.wh..wh.plnk', { kind: 'private' }],
  ['d/.wh.', { kind: 'private' }],
  ['d/.wh...', { kind: 'private' }],
])('whiteout %s', (name, expected) => {
  expect(whiteoutOf(name)).toEqual(expected);
});
