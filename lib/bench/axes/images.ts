import fs from 'node:fs';
import path from 'node:path';
import type { Skiff } from '../../engine';
import { measure, type Measured } from '../measure';
import { podmanOn } from '../peers/podman';
import { findProgram, timeProgram } from '../programs';
import type { Row } from '../row';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';

/** What the tar holds: 200 MB in 20,000 files. */
const DIRECTORIES = 200;
const FILES = 100;
const FILE_BYTES = 10 << 10;
const AT = '200 MB, 20,000 files';

type Podman = ReturnType<typeof podmanOn>;

const REF = 'bench-images:tar';
const AXIS = 'images';

/** Rounds take seconds. */
const ROUNDS = 5;
const LIMIT_MS = 60_000;

/** Unpacking a tar beside GNU tar, and saving and loading an image beside podman. */
export const images: Axis = {
  name: AXIS,
  async measure({ skiff, directory }, { rounds, signal }): Promise<AxisPoint[]> {
    const place = path.join(directory, 'images', 'tar');
    fs.mkdirSync(place, { recursive: true });
    let podman = podmanOn(path.join(directory, 'podman-images'));
    const options = { rounds: Math.min(rounds, ROUNDS), warmUp: 1, limitMs: LIMIT_MS, signal };
    try {
      const tar = await makeTar(place);
      if (tar === undefined || signal?.aborted) return [];
      const unpacking = await measure([importRow(skiff, tar), tarRow(tar, path.join(place, 'out'))], options);
      const archive = path.join(place, 'archive.tar');
      await skiff.images.import(tar, { ref: REF });
      await skiff.images.saveTo(archive, [REF]);
      podman = await usable(podman, archive);
      const saving = await measure([saveRow(skiff, place), ...podmanRows(podman, 'save', place)], options);
      const loading = await measure([loadRow(skiff, archive), ...podmanRows(podman, 'load', place)], options);
      return [unpacking, saving, loading].flatMap(points);
    } finally {
      await removeImage(skiff);
      await podman?.close();
      fs.rmSync(place, { recursive: true, force: true });
    }
  },
};

/** Podman with the archive's image loaded; undefined where it does not work here. */
async function usable(podman: Podman, archive: string): Promise<Podman> {
  try {
    await podman?.run('load', '-i', archive);
    return podman;
  } catch {
    await podman?.close();
    return undefined;
  }
}

/** Ours beside the other's, where there is one. */
function points([ours, theirs]: Measured[]): AxisPoint[] {
  const compared = theirs ? compareTimes(theirs.row.name, ours!.times, theirs.times) : [];
  return [pointOf(AXIS, AT, ours!, compared), ...(theirs ? [pointOf(AXIS, AT, theirs)] : [])];
}

/** @returns its path; undefined where there is no tar that makes it */
async function makeTar(place: string): Promise<string | undefined> {
  const program = findProgram('tar');
  if (program === undefined) return undefined;
  const tree = path.join(place, 'tree');
  const bytes = Buffer.alloc(FILE_BYTES);
  for (let directory = 0; directory < DIRECTORIES; directory += 1) {
    fs.mkdirSync(path.join(tree, String(directory)), { recursive: true });
    for (let file = 0; file < FILES; file += 1) {
      // No two alike, and nothing that a file system could leave out.
      bytes.fill(`${directory}/${file} `);
      fs.writeFileSync(path.join(tree, String(directory), String(file)), bytes);
    }
  }
  const tar = path.join(place, 'tree.tar');
  await timeProgram(program, ['cf', tar, '-C', tree, '.']);
  fs.rmSync(tree, { recursive: true });
  return tar;
}

function row(name: string, title: string, round: () => Promise<number>): Row {
  return { name, title, does: [], round };
}

function importRow(skiff: Skiff, tar: string): Row {
  return row('skiff import', 'images.import(), digests and all, on the disk at its end', async () => {
    const took = await timed(() => skiff.images.import(tar, { ref: REF }));
    await removeImage(skiff);
    return took;
  });
}

/** On the disk at its end, as an import is. */
function tarRow(tar: string, out: string): Row {
  return row('tar', 'GNU tar, with sync of its file system', async () => {
    fs.mkdirSync(out);
    try {
      const unpacking = await timeProgram(findProgram('tar')!, ['xf', tar, '-C', out]);
      return unpacking + (await timeProgram(findProgram('sync')!, ['-f', out]));
    } finally {
      fs.rmSync(out, { recursive: true });
    }
  });
}

function saveRow(skiff: Skiff, place: string): Row {
  const file = path.join(place, 'saved.tar');
  return row('skiff save', 'images.saveTo()', async () => {
    const took = await timed(() => skiff.images.saveTo(file, [REF]));
    fs.rmSync(file);
    return took;
  });
}

function loadRow(skiff: Skiff, archive: string): Row {
  return row('skiff load', 'images.load()', async () => {
    await removeImage(skiff);
    return timed(() => skiff.images.load(archive));
  });
}

function podmanRows(podman: Podman, what: 'save' | 'load', place: string): Row[] {
  if (!podman) return [];
  const file = path.join(place, 'podman.tar');
  const rounds = {
    async save() {
      const took = await podman.run('save', '-o', file, REF);
      fs.rmSync(file);
      return took;
    },
    async load() {
      await podman.run('rmi', '--all', '--force');
      return podman.run('load', '-i', path.join(place, 'archive.tar'));
    },
  };
  return [row(`podman ${what}`, 'by command line, on a storage of its own', rounds[what])];
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

async function removeImage(skiff: Skiff): Promise<void> {
  if (await skiff.images.find(REF)) await skiff.images.remove(REF, { force: true });
}
