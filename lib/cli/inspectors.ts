import { invalidArgument } from '../common/errors';
import { Catalog, Sizes, Volumes } from '../engine/looking';
import { dockerContainer } from './docker-container';
import { imageInspector } from './image-inspector';
import type { Inspector } from './inspection';
import { dockerVolume } from './volume-rows';

const TYPES = ['container', 'image', 'volume'] as const;
export type InspectType = (typeof TYPES)[number];

/** @throws SkiffError INVALID_ARGUMENT in Docker's words */
export function parseInspectType(given: string): InspectType {
  const type = TYPES.find(known => known === given);
  if (type) return type;
  throw invalidArgument(`"${given}" is not a valid value for --type: it is ${TYPES.join(', ')}`);
}

/** In the order in which a name is looked for. */
export function inspectorsOf(flags: { root?: string; size?: boolean; type?: InspectType }): Inspector[] {
  const all: Inspector[] = [containerInspector(flags), imageInspector(flags), volumeInspector(flags)];
  return flags.type === undefined ? all : all.filter(({ type }) => type === flags.type);
}

/** @param flags.size with SizeRw and SizeRootFs */
export function containerInspector({ root, size }: { root?: string; size?: boolean }): Inspector {
  const catalog = new Catalog({ root });
  const sizes = size ? new Sizes() : undefined;
  return {
    type: 'container',
    async inspect(reference) {
      const container = await catalog.inspect(reference);
      return dockerContainer(container, await sizes?.of(container));
    },
  };
}

export function volumeInspector({ root }: { root?: string }): Inspector {
  const volumes = new Volumes({ root });
  return { type: 'volume', inspect: async name => dockerVolume(await volumes.inspect(name)) };
}
