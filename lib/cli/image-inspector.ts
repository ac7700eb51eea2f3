import { Images } from '../engine/looking';
import { dockerImage } from './docker-image';
import type { Inspector } from './inspection';

/** For `inspect` and `image inspect`. */
export function imageInspector({ root }: { root?: string }): Inspector {
  const images = new Images({ root });
  return {
    type: 'image',
    inspect: async reference => dockerImage(await images.inspect(reference)),
  };
}
