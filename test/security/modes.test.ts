/** What a container writes and what is known of it is for its owner alone, whatever the caller's umask. */
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';

/** Trees of the container's own, with the modes that it gives. */
const TREES = ['mnt', 'writeLayer', 'work'];

function* filesBelow(directory: string): Generator<string> {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const place = path.join(directory, entry.name);
    if (entry.isFile()) yield place;
    if (entry.isDirectory() && !TREES.includes(entry.name)) yield* filesBelow(place);
  }
}

test('log, state and events are 0600', async () => {
  const before = process.umask(0);
  const root = tempRoot();
  try {
    const { stdout } = await run(['run', '-d', '-e', 'SECRET=x', 'sh', '-c', 'echo secret'], { root });
    await run(['wait', stdout.toString().trim()], { root });
    const files = [...filesBelow(path.join(root, 'containers')), path.join(root, 'events.jsonl')];
    const modes = files.map(file => `${path.basename(file)} ${(fs.statSync(file).mode & 0o777).toString(8)}`);
    expect(modes).toEqual(expect.arrayContaining(['log 600', 'state.json 600', 'events.jsonl 600']));
    expect(modes.filter(mode => !mode.endsWith(' 600'))).toEqual([]);
    await run(['rm', '-f', stdout.toString().trim()], { root });
  } finally {
    process.umask(before);
  }
});
