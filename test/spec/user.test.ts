import fc from 'fast-check';
import { resolveUser } from '../../lib/spec/user';

const files: Record<string, string> = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\n\n# note\nada:x:1000:1001::/home/ada:/bin/sh\nbad:x:no:0::/:\n',
  '/etc/group': 'root:x:0:\nada:x:1001:\naudio:x:29:ada,eve\nvideo:x:44:ada\n',
};
const read = (path: string) => (path in files ? Buffer.from(files[path]!) : null);
const nothing = () => null;

test.each([
  ['', { uid: 0, gid: 0, additionalGids: [0], home: '/root' }],
  ['ada', { uid: 1000, gid: 1001, additionalGids: [1001, 29, 44], home: '/home/ada' }],
  ['1000', { uid: 1000, gid: 1001, additionalGids: [1001, 29, 44], home: '/home/ada' }],
  ['ada:audio', { uid: 1000, gid: 29, additionalGids: [29], home: '/home/ada' }],
  ['ada:7', { uid: 1000, gid: 7, additionalGids: [7], home: '/home/ada' }],
  ['4242', { uid: 4242, gid: 0, additionalGids: [0], home: '/' }],
  ['4242:44', { uid: 4242, gid: 44, additionalGids: [44], home: '/' }],
  [':29', { uid: 0, gid: 29, additionalGids: [29], home: '/root' }],
])('%j', (text, user) => expect(resolveUser(text, read)).toEqual(user));

test('numbers need no files', () => {
  expect(resolveUser('5:6', nothing)).toEqual({ uid: 5, gid: 6, additionalGids: [6], home: '/' });
  expect(resolveUser('', nothing)).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/' });
});

test.each([
  ['nobody-here', 'unable to find user nobody-here: no matching entries in passwd file'],
  ['bad', 'unable to find user bad: no matching entries in passwd file'],
  ['ada:nobody-here', 'unable to find group nobody-here: no matching entries in group file'],
  ['2147483648', 'uids and gids must be in range 0-2147483647'],
  ['-1', 'uids and gids must be in range 0-2147483647'],
  ['0:-1', 'uids and gids must be in range 0-2147483647'],
])('%s is refused', (text, message) => expect(() => resolveUser(text, read)).toThrow(message));

test('any text, and any passwd, gives ids in range or a SkiffError', () => {
  const specs = fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9:+-]{0,12}$/));
  fc.assert(
    fc.property(specs, fc.string(), (text, passwd) => {
      try {
        const user = resolveUser(text, path => (path === '/etc/passwd' ? Buffer.from(passwd) : null));
        for (const id of [user.uid, user.gid, ...user.additionalGids]) {
          expect(Number.isInteger(id) && id >= 0 && id < 2 ** 31).toBe(true);
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'SkiffError', code: 'INVALID_ARGUMENT' });
      }
    }),
  );
});
