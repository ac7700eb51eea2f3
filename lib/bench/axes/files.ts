import fs from 'node:fs';
import path from 'node:path';
import { measure } from '../measure';
import { apiRowWith } from '../skiff-rows';
import { compareTimes, pointOf, type Axis, type AxisPoint } from './axis';
import { makeImage } from './image';

const COUNTS = [1000, 10_000, 100_000];

/** How many files the image has that nobody looks at. */
export const files: Axis = {
  name: 'files in the image',
  async measure({ skiff, layer, directory }, { signal, ...options }): Promise<AxisPoint[]> {
    const images = path.join(directory, 'images', 'files');
    try {
      const rows = [];
      for (const count of COUNTS) {
        const rootfs = await makeImage(path.join(images, String(count)), layer, { files: count });
        if (signal?.aborted) return [];
        rows.push(apiRowWith(skiff, { rootfs }));
      }
      const measured = await measure(rows, { ...options, warmUp: 3, signal });
      return measured.map((one, index) => {
        const ratios = index === 0 ? [] : compareTimes(String(COUNTS[0]), one.times, measured[0]!.times);
        return pointOf('files in the image', String(COUNTS[index]), one, ratios);
      });
    } finally {
      fs.rmSync(images, { recursive: true, force: true });
    }
  },
};
