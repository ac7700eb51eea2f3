/** Flags stand before or behind words, as with Docker; for a command that takes somebody's command line only before. */
import { commandTable } from '../../lib/cli/commands';
import { run } from '../helpers/run';

const TAKES_COMMAND_LINE = ['run', 'create', 'exec', 'top', 'unshare', '__complete'];
const names = [...commandTable().keys()];

/** Its name in messages: an alias has that of its command. */
async function ownName(name: string): Promise<string> {
  const { default: command } = await commandTable().get(name)!.load();
  return command.name;
}

test.each(names)('%s: an unknown flag, before words', async name => {
  const { code, stdout, stderr } = await run([...name.split(' '), '--nosuch', 'word']);
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({
    code: 125,
    stdout: '',
    stderr: `skiff: unknown flag: --nosuch\nSee 'skiff ${await ownName(name)} --help'.\n`,
  });
});

test.each(names.filter(name => !TAKES_COMMAND_LINE.includes(name)))(
  '%s: an unknown flag behind words, and help',
  async name => {
    const behind = await run([...name.split(' '), 'word', '--nosuch']);
    expect(behind).toMatchObject({
      code: 125,
      stderr: `skiff: unknown flag: --nosuch\nSee 'skiff ${await ownName(name)} --help'.\n`,
    });
    const help = await run([...name.split(' '), 'word', '--help']);
    expect({ code: help.code, stderr: help.stderr }).toEqual({ code: 0, stderr: '' });
    expect(help.stdout.toString()).toContain(`skiff ${await ownName(name)}`);
  },
);

test('a value behind words is the flag’s, and what follows -- is none', async () => {
  const id = (await run(['create', 'true'])).stdout.toString().trim();
  const removed = await run(['rm', id, '--volumes', '--force=true']);
  expect({ code: removed.code, stdout: removed.stdout.toString() }).toEqual({ code: 0, stdout: `${id}\n` });
  const words = await run(['rm', '-f', '--', '-f']);
  expect(words.stderr).toBe('skiff: no such container: -f\n');
});

test.each([
  ['run', ['run', 'echo', '--nosuch', '-v'], '--nosuch -v\n'],
  ['run, with an image', ['run', 'busybox', 'echo', '--root'], '--root\n'],
])('%s: what stands behind the command is its own', async (_, args, stdout) => {
  const ran = await run(args);
  expect({ code: ran.code, stdout: ran.stdout.toString() }).toEqual({ code: 0, stdout });
});
