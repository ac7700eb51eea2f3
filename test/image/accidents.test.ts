import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { itIf } from '../helpers/conditions';
import { start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { directory, file, imagesLeft, skiff, skiffFails, writeTar } from './support';

let place: { path: string; remove(): void };
beforeEach(() => {
  place = tempDirectory();
});
afterEach(() => place.remove());

test('SIGKILL at any moment of import and load: nothing half is listed, what was acknowledged is there', async () => {
  const root = tempRoot();
  const entries = [
    directory('d'),
    ...Array.from({ length: 2000 }, (_, i) => file(`d/f${i}`, 'x'.repeat(3000))),
  ];
  const tar = await writeTar(path.join(place.path, 'a.tar'), entries);
  await skiff(root, 'import', tar, 'whole:1');
  await skiff(root, 'save', '-o', path.join(place.path, 'saved.tar'), 'whole:1');
  await skiff(root, 'rmi', 'whole:1');
  const acknowledged = new Set<string>();
  let killed = 0;
  for (let round = 0; round < 14; round += 1) {
    const isImport = round % 2 === 0;
    const words = isImport
      ? ['import', '-m', String(round), tar, `made:${round}`]
      : ['load', '-q', '-i', path.join(place.path, 'saved.tar')];
    const child = start(words, { root });
    const timer = setTimeout(() => child.kill('SIGKILL'), 60 + round * 35);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if (code === 0) acknowledged.add(isImport ? `made:${round}` : 'whole:1');
    else killed += 1;
    const listed = (await skiff(root, 'images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
    for (const name of acknowledged) expect(listed).toContain(name);
  }
  expect(killed).toBeGreaterThan(0);
  // Another import finds what the killed ones left.
  await skiff(root, 'import', tar, 'last:1');
  const names = (await skiff(root, 'images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
  for (const name of names) await skiff(root, 'save', '-o', path.join(place.path, 'again.tar'), name);
  expect(imagesLeft(root).filter(name => name.includes('.tmp-'))).toEqual([]);
  await skiff(root, 'rmi', ...names);
  expect(imagesLeft(root)).toEqual([]);
});

const canMount = process.geteuid?.() === 0;
itIf(canMount, 'mounting needs root')(
  'a full disk in the middle: told, nothing left, and room again',
  async () => {
    const root = path.join(place.path, 'small');
    fs.mkdirSync(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'skiff-test', root]);
    try {
      const large = await writeTar(path.join(place.path, 'large.tar'), [file('large', 'x'.repeat(8 << 20))]);
      const { stderr, code } = await skiffFails(root, 'import', large, 'large');
      expect(code).toBe(125);
      expect(stderr).toContain(`skiff: unpack: ${large}: `);
      expect(stderr).toMatch(/No space left on device|ENOSPC/i);
      expect(stderr).toContain('Free space or inodes');
      expect(imagesLeft(root)).toEqual([]);
      const small = await writeTar(path.join(place.path, 'small.tar'), [file('small', 'x'.repeat(1 << 20))]);
      await skiff(root, 'import', small, 'small');
      expect(await skiff(root, 'images', '--format', '{{.Repository}} {{.Size}}')).toBe('small 1.05MB');
    } finally {
      execFileSync('umount', [root]);
    }
  },
);
