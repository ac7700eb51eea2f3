/** What `skiff --help` lists is what there is. */
import { allCommands } from '../../lib/cli/all-commands';
import { run } from '../helpers/run';

it('each command is listed once, by its own name', async () => {
  const { code, stdout } = await run(['--help']);
  expect(code).toBe(0);
  const listed = [...stdout.toString().matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}\S/gm)].map(
    ([, name]) => name,
  );
  const { commands, aliases } = await allCommands();
  expect(listed.sort()).toEqual(commands.map(({ name }) => name));
  expect([...aliases.values()].flat()).toContain('container ls');
});

it('a topic has all its commands, other names of some among them', async () => {
  const { code, stdout } = await run(['image', '--help']);
  expect(code).toBe(0);
  for (const name of ['image ls', 'image inspect', 'image rm'])
    expect(stdout.toString()).toContain(`  ${name} `);
});
