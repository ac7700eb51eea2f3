/** The same mistakes made with every command: each is told in the same words, with Docker's exit code. */
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { FakeRoot } from '../listing/records';

let root: FakeRoot;
let broken: string;
let future: string;

beforeAll(() => {
  root = new FakeRoot();
  root.add({ name: 'first', id: `aa1${'0'.repeat(61)}` });
  root.add({ name: 'second', id: `aa2${'0'.repeat(61)}` });
  broken = root.add({ name: 'broken', id: `bb${'0'.repeat(62)}` });
  future = root.add({ name: 'future', id: `cc${'0'.repeat(62)}` });
  // Of a container that somebody has to remove.
  fs.writeFileSync(path.join(root.path, 'containers', broken, 'process.json'), '');
  fs.writeFileSync(recordFile(broken), '{"version":1,"id":"bb');
  fs.writeFileSync(recordFile(future), '{"version":99}');
});
afterAll(() => root.remove());

const recordFile = (id: string) => path.join(root.path, 'containers', id, 'state.json');

async function failure(args: string[]) {
  const { code, stdout, stderr } = await run(args, { root: root.path });
  return { code, stdout: stdout.toString().replace('[]\n', ''), stderr };
}

/** Commands about one container, with `NAME` at its place. */
const ABOUT_CONTAINER = [
  'start NAME',
  'start -a NAME',
  'stop NAME',
  'restart NAME',
  'kill NAME',
  'wait NAME',
  'attach NAME',
  'pause NAME',
  'unpause NAME',
  'rename NAME other',
  'update -m 64m NAME',
  'rm NAME',
  'exec NAME true',
  'exec -d NAME true',
  'commit NAME',
  'cp NAME:/x .',
  'cp /etc/passwd NAME:/x',
  'diff NAME',
  'export NAME',
  'logs NAME',
  'stats --no-stream NAME',
  'top NAME',
];

const naming = (line: string, name: string) => line.replace('NAME', name).split(' ');

test.each(ABOUT_CONTAINER)('%s: no such container', async line => {
  expect(await failure(naming(line, 'nosuch'))).toEqual({
    code: 1,
    stdout: '',
    stderr: 'skiff: no such container: nosuch\n',
  });
});

test.each(ABOUT_CONTAINER)('%s: a beginning of two ids', async line => {
  const { code, stderr } = await failure(naming(line, 'aa'));
  expect(code).toBe(1);
  expect(stderr).toMatch(/aa[12]0{9}.*aa[12]0{9}/);
  expect(stderr).toMatch(/^skiff: [^\n]*ambiguous/);
});

/** Logs can be read without a record, and of what nobody can tell whether it runs, nothing is used. */
const NEEDS_NO_RECORD = ['logs NAME', 'stats --no-stream NAME'];
const NEEDS_RECORD = ABOUT_CONTAINER.filter(line => !NEEDS_NO_RECORD.includes(line));

test.each(NEEDS_RECORD)('%s: a record that cannot be read, or is of a later version', async line => {
  for (const id of [broken, future]) {
    const before = fs.readFileSync(recordFile(id), 'utf8');
    const { code, stdout, stderr } = await failure(naming(line, id.slice(0, 12)));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^skiff: [^\n]*(record cannot be read|later version of skiff)/);
    expect(fs.readFileSync(recordFile(id), 'utf8')).toBe(before);
  }
});

test.each<[string, string]>([
  ['save nosuch', 'no such image: nosuch'],
  ['tag nosuch b', 'no such image: nosuch'],
  ['rmi nosuch', 'no such image: nosuch'],
  ['history nosuch', 'no such image: nosuch'],
  ['image inspect nosuch', 'no such image: nosuch'],
  ['volume inspect nosuch', 'get nosuch: no such volume'],
  ['volume rm nosuch', 'get nosuch: no such volume'],
  ['inspect nosuch', 'no such object: nosuch'],
  ['import nosuch.tar', 'open: nosuch.tar: no such file or directory'],
  ['load -i nosuch.tar', 'open: nosuch.tar: no such file or directory'],
  ['tag busybox A:b', 'invalid reference format: repository name (library/A) must be lowercase'],
  ['tag busybox b:-', 'invalid reference format'],
  ['rmi b:-', 'invalid reference format'],
])('%s: %s', async (line, message) => {
  expect(await failure(line.split(' '))).toEqual({ code: 1, stdout: '', stderr: `skiff: ${message}\n` });
});

const NONE = 'accepts no arguments';
const ONE = 'requires exactly 1 argument';
const TWO = 'requires exactly 2 arguments';
const SOME = 'requires at least 1 argument';

test.each<[string, string, string[]]>([
  ['start', SOME, ['']],
  ['stop', SOME, ['']],
  ['restart', SOME, ['']],
  ['kill', SOME, ['']],
  ['wait', SOME, ['']],
  ['pause', SOME, ['']],
  ['unpause', SOME, ['']],
  ['update', SOME, ['-m 64m']],
  ['rm', SOME, ['']],
  ['inspect', SOME, ['']],
  ['top', SOME, ['']],
  ['save', SOME, ['']],
  ['rmi', SOME, ['']],
  ['import', SOME, ['']],
  ['commit', SOME, ['']],
  ['image inspect', SOME, ['']],
  ['volume inspect', SOME, ['']],
  ['volume rm', SOME, ['']],
  ['attach', ONE, ['', 'a b']],
  ['diff', ONE, ['', 'a b']],
  ['export', ONE, ['', 'a b']],
  ['logs', ONE, ['', 'a b']],
  ['history', ONE, ['', 'a b']],
  ['rename', TWO, ['', 'a', 'a b c']],
  ['cp', TWO, ['', 'a', 'a b c']],
  ['tag', TWO, ['', 'a', 'a b c']],
  ['exec', 'requires at least 2 arguments', ['', 'a']],
  ['commit', 'requires at most 2 arguments', ['a b c']],
  ['import', 'requires at most 2 arguments', ['a b c']],
  ['images', 'requires at most 1 argument', ['a b']],
  ['volume create', 'requires at most 1 argument', ['a b']],
  ['load', NONE, ['a']],
  ['ps', NONE, ['a']],
  ['info', NONE, ['a']],
  ['version', NONE, ['a']],
  ['events', NONE, ['a']],
  ['doctor', NONE, ['a']],
  ['bench', NONE, ['a']],
  ['image prune', NONE, ['a']],
  ['container prune', NONE, ['a']],
  ['system prune', NONE, ['a']],
  ['system df', NONE, ['a']],
  ['volume ls', NONE, ['a']],
  ['volume prune', NONE, ['a']],
])('%s: %s', async (command, reason, lines) => {
  for (const line of lines) {
    const args = `${command} ${line}`.trim().split(' ');
    expect({ args, ...(await failure(args)) }).toEqual({
      args,
      code: 125,
      stdout: '',
      stderr: `skiff: "skiff ${command}" ${reason}.\nSee 'skiff ${command} --help'.\n`,
    });
  }
});
