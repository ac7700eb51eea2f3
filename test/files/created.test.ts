/** The files of a container that was created and never started, or whose start failed. */
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { tempDirectory } from '../helpers/temp';
import { attempt, removeAllAfterEach } from '../detached/support';
import { list, skiff } from './support';

removeAllAfterEach();

let directory: ReturnType<typeof tempDirectory>;

beforeEach(() => {
  directory = tempDirectory();
  fs.writeFileSync(path.join(directory.path, 'prog'), '#!/bin/sh\necho works\n', { mode: 0o755 });
});
afterEach(() => directory.remove());

const program = () => path.join(directory.path, 'prog');

describe.each(['auto', 'vfs'])('storage driver %s', driver => {
  const create = (...command: string[]) => [
    'create',
    '--storage-driver',
    driver,
    '--name',
    'new',
    ...command,
  ];

  test('they are those of the image, and can be changed before the first start', async () => {
    await skiff(create('cat', '/prog'));
    expect(await skiff(['diff', 'new'])).toBe('');
    await skiff(['cp', '-q', program(), 'new:/prog']);
    expect(await skiff(['diff', 'new'])).toBe('A /prog\n');
    const exported = await run(['export', 'new']);
    expect(list(exported.stdout)).toContain('-rwxr-xr-x 0/0 21 prog');
    await skiff(['commit', 'new', 'of-new']);
    expect(await skiff(['run', 'of-new', 'sh', '/prog'])).toBe('works\n');
    await skiff(['rmi', 'of-new']);
    expect(await skiff(['start', '-a', 'new'])).toBe('#!/bin/sh\necho works\n');
  });

  test('what was copied into it stays when a start fails', async () => {
    await skiff(create('late'));
    await skiff(['cp', '-q', program(), 'new:/first']);
    expect(await attempt(['start', 'new'])).toEqual({
      code: 127,
      stderr: 'skiff: cannot start "late": executable file not found in $PATH\n',
    });
    await skiff(['cp', '-q', program(), 'new:/bin/late']);
    expect(await skiff(['start', '-a', 'new'])).toBe('works\n');
    expect(await skiff(['diff', 'new'])).toContain('A /first\n');
  });
});
