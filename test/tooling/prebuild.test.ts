/** What npm pack does before and after, in a checkout whose tools only pretend. */
import fs from 'node:fs';
import path from 'node:path';
import { platformName } from '../../lib/native/location';
import { projectRoot } from '../helpers/run';
import { Checkout } from './checkout';

const OWN = path.join('prebuilds', platformName());
const OTHER = path.join('prebuilds', 'linux-other-libc');

let checkout: Checkout;

beforeEach(async () => {
  checkout = new Checkout();
  for (const name of ['addon', 'archive', 'init']) checkout.write(`csrc/${name}/main.c`, '');
  await checkout.run('bin/run');
  for (const name of ['native/location.js', 'common/package.js'])
    checkout.write(`dist/${name}`, fs.readFileSync(path.join(projectRoot, 'dist', name), 'utf8'));
  checkout.write('build/Release/skiff.node', 'the addon');
  checkout.called();
});

afterEach(() => checkout.delete());

const prebuild = (...args: string[]) => checkout.run('scripts/prebuild.js', args);

/** As a machine of another kind would have made it from the sources that there are now. */
function copyForOther(): void {
  fs.cpSync(checkout.at(OWN), checkout.at(OTHER), { recursive: true });
}

it('copies what was built, and takes the copy away again', async () => {
  expect(await prebuild()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(fs.readdirSync(checkout.at(OWN)).sort()).toEqual(['skiff-init', 'skiff.node', 'sources.sha256']);
  expect(fs.readFileSync(checkout.at(OWN, 'skiff.node'), 'utf8')).toBe('the addon');
  expect(await prebuild('--remove')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(fs.existsSync(checkout.at('prebuilds'))).toBe(false);
});

it('builds what is missing before', async () => {
  checkout.remove('build');
  expect((await prebuild()).code).toBe(0);
  expect(checkout.called()).toEqual(['node-gyp rebuild']);
});

it('keeps what machines of other kinds made from the same sources', async () => {
  await prebuild();
  copyForOther();
  expect((await prebuild()).code).toBe(0);
  expect((await prebuild('--remove')).code).toBe(0);
  expect(fs.readdirSync(checkout.at('prebuilds'))).toEqual(['linux-other-libc']);
});

it.each(['binding.gyp', 'csrc/core/a.c', 'csrc/init/main.c', 'csrc/addon/new.cc'])(
  'refuses what they made before %s changed',
  async name => {
    await prebuild();
    copyForOther();
    checkout.write(name, 'changed');
    expect(await prebuild()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`cannot pack: ${checkout.at(OTHER)}: built from other sources\n`),
    });
    // npm calls nothing more after a failure.
    expect(fs.existsSync(checkout.at(OWN))).toBe(false);
  },
);

it('refuses what tells no sources', async () => {
  checkout.write(path.join(OTHER, 'skiff.node'), '');
  expect((await prebuild()).stderr).toContain(
    `cannot pack: ${checkout.at(OTHER)}: built from other sources\n`,
  );
});
