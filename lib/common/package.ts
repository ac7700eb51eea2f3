import fs from 'node:fs';
import path from 'node:path';

let found: string | undefined;

/** The package's own directory: the nearest above this file that has a package.json. It is looked for once. */
export function packageRoot(): string {
  return (found ??= findPackage());
}

function findPackage(): string {
  let directory = __dirname;
  while (!fs.existsSync(path.join(directory, 'package.json'))) {
    const parent = path.dirname(directory);
    if (parent === directory) throw new Error(`no package.json above ${__dirname}`);
    directory = parent;
  }
  return directory;
}
