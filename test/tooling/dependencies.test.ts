/** docs/dependencies.md gives a reason for every package that comes with an installed one. */
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../helpers/run';

const MODULES = 'node_modules/';

interface LockedPackage {
  dev?: boolean;
  devOptional?: boolean;
  peer?: boolean;
}

test('every production package is listed, and no other', () => {
  const lock = fs.readFileSync(path.join(projectRoot, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> };
  const production = Object.entries(packages)
    .filter(([location, { dev, devOptional, peer }]) => location && !dev && !devOptional && !peer)
    .map(([location]) => location.slice(location.lastIndexOf(MODULES) + MODULES.length));

  const table = fs.readFileSync(path.join(projectRoot, 'docs', 'dependencies.md'), 'utf8');
  const rows = table.split('\n').filter(line => line.startsWith('| `'));
  const listed = rows.flatMap(row =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect(listed.sort()).toEqual([...new Set(production)].sort());
  expect(listed.length).toBeLessThan(40);
});
