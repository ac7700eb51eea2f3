import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { argumentKinds } from '../../lib/cli/completion/arguments';
import { splitLine } from '../../lib/cli/completion/words';
import { describeIf } from '../helpers/conditions';
import { projectRoot, run } from '../helpers/run';
import { FakeRoot } from './records';

let root: FakeRoot;
let id: string;
/** A directory with `skiff` in it, for PATH. */
let bin: string;

beforeAll(() => {
  root = new FakeRoot();
  id = root.add({ name: 'bird', id: `c0ffee${'0'.repeat(58)}` });
  root.add({ name: 'bat', id: `b00${'0'.repeat(61)}` });
  fs.mkdirSync(path.join(root.path, 'volumes', 'data', '_data'), { recursive: true });
  fs.mkdirSync(path.join(root.path, 'volumes', '.new-1'));
  bin = path.join(root.path, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(path.join(projectRoot, 'bin', 'run'), path.join(bin, 'skiff'));
});
afterAll(() => root.remove());

it.each([
  ['skiff run -e "A b" x', ['skiff', 'run', '-e', 'A b', 'x']],
  ['skiff  ps ', ['skiff', 'ps', '']],
  ["skiff run 'open quo", ['skiff', 'run', 'open quo']],
  ['skiff a\\ b "c\\"d"', ['skiff', 'a b', 'c"d']],
  ['', ['']],
])('words of %j', (line, words) => {
  expect(splitLine(line)).toEqual(words);
});

it.each([
  ['rm [FLAGS] CONTAINER [CONTAINER...]', 'rm', 3, ['container']],
  ['run [FLAGS] [IMAGE] COMMAND [ARG...]', 'run', 0, ['image']],
  ['run [FLAGS] [IMAGE] COMMAND [ARG...]', 'run', 2, ['none']],
  ['inspect [FLAGS] NAME...', 'inspect', 1, ['object']],
  ['volume rm [FLAGS] VOLUME [VOLUME...]', 'volume rm', 0, ['volume']],
  ['rename CONTAINER NAME', 'rename', 1, ['none']],
  ['rename CONTAINER NAME', 'rename', 2, []],
  ['tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]', 'tag', 0, ['image']],
  [
    'cp [FLAGS] CONTAINER:SOURCE DESTINATION|-\n  cp [FLAGS] SOURCE|- CONTAINER:DESTINATION',
    'cp',
    0,
    ['container', 'file'],
  ],
  ['ps [FLAGS]', 'ps', 0, []],
])('%s: what is at place %d', (usage, name, place, kinds) => {
  expect(argumentKinds(usage, name, place)).toEqual(kinds);
});

/** What is offered for a line that was typed so far. */
async function offered(line: string): Promise<string[]> {
  const { code, stdout, stderr } = await run(['__complete', '--line', line], { root: root.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .toString()
    .split('\n')
    .filter(Boolean)
    .map(text => text.split('\t')[0]!);
}

it.each([
  ['skiff ru', ['run']],
  ['skiff conta', ['container']],
  ['skiff container l', ['ls', 'list']],
  ['skiff help ru', ['run']],
  ['skiff __', []],
  ['skiff --ro', ['--root']],
  ['skiff --root ', [':files']],
  ['skiff --root /x run --read', ['--read-only']],
  ['skiff run --mem', ['--memory', '--memory-swap']],
  ['skiff run --network ', ['none', 'host']],
  ['skiff run --network=h', ['--network=host']],
  ['skiff run -ti --net n', ['none']],
  ['skiff run --env-file ', [':files']],
  ['skiff run bus', ['busybox']],
  ['skiff run busybox:', ['busybox:latest']],
  ['skiff image inspect ', ['busybox']],
  ['skiff run busybox ls --', []],
  ['skiff run -- --', []],
  ['skiff ps --format ', ['table', 'json']],
  ['skiff ps -f sta', ['status=']],
  ['skiff rm ', ['bird', 'bat']],
  ['skiff rm bird b', ['bird', 'bat']],
  ['skiff inspect bird --siz', ['--size']],
  ['skiff inspect ', ['bird', 'bat', 'busybox', 'data']],
  ['skiff top ', []],
  ['skiff completion ', []],
  ['skiff nonsense ', []],
])('%s', async (line, texts) => {
  expect((await offered(line)).sort()).toEqual([...texts].sort());
});

it('an id is offered where its beginning is typed, and no name fits', async () => {
  expect(await offered(`skiff rm ${id.slice(0, 4)}`)).toEqual([id.slice(0, 12)]);
});

it('every flag of a command is offered, with what it is for', async () => {
  const { stdout } = await run(['__complete', '--', 'ps', '-'], { root: root.path });
  const lines = stdout.toString().split('\n');
  expect(lines).toContain('--all\tThose that do not run, too');
  expect(lines).toContain('-a\tThose that do not run, too');
  expect(lines).toContain('--root\tWhere images and containers are kept');
});

it('nothing is offered, and no error told, where the root cannot be read', async () => {
  const { code, stdout, stderr } = await run(['__complete', '--', 'rm', ''], { root: '/dev/null/nowhere' });
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});

it('an unknown shell is refused', async () => {
  const { code, stderr } = await run(['completion', 'tcsh']);
  expect(code).toBe(125);
  expect(stderr).toContain('"skiff completion" requires a shell: bash, zsh, fish');
});

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

function inShell(shell: string, script: string): string[] {
  const env = { ...process.env, SKIFF_ROOT: root.path, PATH: `${bin}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync(shell, ['-c', script], {
    encoding: 'utf8',
    env,
    cwd: bin,
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describeIf(isInstalled('bash'), 'bash is not installed')('bash', () => {
  /** What bash itself would put into the line: its own variables are set as Readline does. */
  function completed(line: string): string[] {
    const script = `
      source <(skiff completion bash)
      compopt() { :; }
      [[ $(complete -p skiff) == 'complete -F _skiff skiff' ]] || echo not registered
      COMP_LINE=$1 COMP_POINT=\${#1}
      _skiff skiff
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return inShell('bash', `set -- '${line}'; ${script}`);
  }

  it.each([
    ['skiff ru', ['run']],
    ['skiff rm b', ['bird', 'bat']],
    // = is a word break of bash's: only what stands behind it is replaced.
    ['skiff run --network=', ['none', 'host']],
    ['skiff run --network=h', ['host']],
    ['skiff ps -f status', ['status=']],
    ['skiff run --env-file sk', ['skiff']],
  ])('%s', (line, texts) => {
    expect(completed(line).sort()).toEqual([...texts].sort());
  });
});

describeIf(isInstalled('zsh'), 'zsh is not installed')('zsh', () => {
  it('offers what skiff tells', () => {
    const script = `
      autoload -Uz compinit && compinit -D -u
      source <(skiff completion zsh)
      _describe() { printf '%s\\n' "\${candidates[@]}" }
      words=(skiff rm b) CURRENT=3; _skiff`;
    expect(
      inShell('zsh', script)
        .map(line => line.split(':')[0])
        .sort(),
    ).toEqual(['bat', 'bird']);
  });
});

describeIf(isInstalled('fish'), 'fish is not installed')('fish', () => {
  it.each([
    ['skiff rm b', ['bat', 'bird']],
    ['skiff run --network ', ['host', 'none']],
  ])('%s', (line, texts) => {
    const lines = inShell('fish', `skiff completion fish | source; complete -C '${line}'`);
    expect(lines.map(text => text.split('\t')[0]).sort()).toEqual(texts);
  });
});
