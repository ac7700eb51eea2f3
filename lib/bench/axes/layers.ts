import fs from 'node:fs';
import path from 'node:path';
import { SkiffError } from '../../common/errors';
import { Skiff } from '../../engine';
import type { Launcher } from '../../engine/launcher';
import { measure } from '../measure';
import { apiRow } from '../skiff-rows';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';

const COUNTS = [1, 10, 60];

/** How many read-only layers a container's root is made of. */
export const layers: Axis = {
  name: 'layers',
  async measure({ skiff, layer, directory }, { signal, ...options }): Promise<AxisPoint[]> {
    const opened: Skiff[] = [];
    try {
      for (const count of COUNTS) {
        const own = await Skiff.open({ root: skiff.root, storageDriver: skiff.storageDriver });
        opened.push(own);
        await useLayers(
          own,
          makeLayers(path.join(directory, 'images', 'layers', String(count)), layer, count),
        );
      }
      const measured = await measure(opened.map(apiRow), { ...options, warmUp: 3, signal });
      return measured.map((one, index) => {
        const ratios = index === 0 ? [] : compareTimes(String(COUNTS[0]), one.times, measured[0]!.times);
        return pointOf('layers', String(COUNTS[index]), one, ratios);
      });
    } finally {
      for (const one of opened) await one.close();
    }
  },
};

/** @returns the topmost first: each with a file of its own, and the one that has /bin/true at the bottom */
export function makeLayers(directory: string, bottom: string, count: number): string[] {
  const above = Array.from({ length: count - 1 }, (_, index) => {
    const layer = path.join(directory, String(index));
    fs.mkdirSync(layer, { recursive: true });
    fs.writeFileSync(path.join(layer, `layer-${index}`), '');
    return layer;
  });
  return [...above, bottom];
}

/**
 * Have all containers of a Skiff get these layers, topmost first. The API takes one directory or an image of one
 * layer today; all below it takes any number.
 *
 * @throws SkiffError where it does not get them
 */
export async function useLayers(skiff: Skiff, given: string[]): Promise<void> {
  // Not by instanceof: in the bundle this file has a class of its own.
  const launcher = Reflect.get(skiff, 'launcher') as Partial<Pick<Launcher, 'source'>> | undefined;
  if (typeof launcher?.source === 'function') {
    launcher.source = async () => ({ name: 'bench', layers: given, stored: true, config: {} });
  }
  if ((await skiff.layers()).length === given.length) return;
  throw new SkiffError('a container cannot be given several layers', { code: 'NOT_SUPPORTED' });
}
