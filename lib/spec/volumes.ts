import path from 'node:path';
import { invalidArgument } from '../common/errors';
import { plainPath, toDestination } from './destination';
import {
  checkMount,
  PROPAGATIONS,
  type CheckedMount,
  type MountRequest,
  type Propagation,
} from './mount-request';

/** Words of a mode, by what they exclude each other from, each with what it asks for. */
const MODES: Record<string, { group: string; asks: Partial<MountRequest> }> = {
  rw: { group: 'write', asks: {} },
  ro: { group: 'write', asks: { readOnly: true } },
  rbind: { group: 'bind', asks: {} },
  bind: { group: 'bind', asks: { recursive: 'disabled' } },
  nocopy: { group: 'copy', asks: { noCopy: true } },
  idmap: { group: 'ids', asks: { idmap: true } },
  // For SELinux, which skiff does not use.
  z: { group: 'label', asks: {} },
  Z: { group: 'label', asks: {} },
  // For file systems that are shared with a virtual machine.
  consistent: { group: 'consistency', asks: {} },
  cached: { group: 'consistency', asks: {} },
  delegated: { group: 'consistency', asks: {} },
  ...Object.fromEntries(
    PROPAGATIONS.map(propagation => [
      propagation,
      { group: 'propagation', asks: { propagation: propagation as Propagation } },
    ]),
  ),
};

/**
 * What `-v` asks for: `/host:/container[:mode,...]`, `name:/container[:mode,...]` or `/container`. The host's path may
 * begin with `.` too. Whether it is there is not looked at.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function parseVolume(text: string): CheckedMount {
  const parts = text.split(':');
  const [first = '', second, mode] = parts;
  if (!first || parts.length > 3 || second === '' || (second !== undefined && isMode(second))) {
    throw invalidArgument(`invalid volume specification: '${text}'`, {
      remedy:
        'Use /host:/container, name:/container or /container, the first two with :ro where wanted; a path with a colon in it can be given to --mount.',
    });
  }
  if (second === undefined) return { type: 'volume', target: toDestination(first) };
  const asks = mode === undefined ? {} : parseMode(mode);
  if (first.startsWith('/') || first.startsWith('.')) return checkBind(first, second, asks);
  return checkMount({ type: 'volume', source: first, target: second, ...asks });
}

/** Of the many that a start can have, few have a mode. */
function checkBind(source: string, target: string, asks: Partial<MountRequest>): CheckedMount {
  if (asks.noCopy) throw invalidArgument('invalid mode: nocopy');
  const place = { type: 'bind', source: plainPath(source), target: toDestination(target) } as const;
  return Object.assign({ ...place, makeSource: true }, asks);
}

/** The same texts with paths that do not depend on the working directory any more. */
export function absoluteVolumes(texts: readonly string[]): string[] {
  return texts.map(text => {
    const colon = text.indexOf(':');
    return text.startsWith('.') && colon > 0
      ? `${path.resolve(text.slice(0, colon))}${text.slice(colon)}`
      : text;
  });
}

/** What `--volumes-from` asks for: `container[:ro|rw]`. */
export interface VolumesFrom {
  container: string;
  readOnly?: boolean;
}

/** @throws SkiffError INVALID_ARGUMENT in Docker's words */
export function parseVolumesFrom(text: string): VolumesFrom {
  const colon = text.indexOf(':');
  const container = colon < 0 ? text : text.slice(0, colon);
  if (!container) throw invalidArgument('volumes-from specification cannot be an empty string');
  if (colon < 0) return { container };
  const mode = text.slice(colon + 1);
  const { readOnly, ...others } = parseMode(mode);
  if (Object.keys(others).length > 0) throw invalidArgument(`invalid mode: ${mode}`);
  return { container, ...(readOnly && { readOnly }) };
}

function isMode(text: string): boolean {
  return text.split(',').every(word => Object.hasOwn(MODES, word));
}

function parseMode(mode: string): Partial<MountRequest> {
  const groups = new Map<string, Partial<MountRequest>>();
  for (const word of mode.split(',')) {
    const known = Object.hasOwn(MODES, word) ? MODES[word] : undefined;
    if (!known || groups.has(known.group)) throw invalidArgument(`invalid mode: ${mode}`);
    groups.set(known.group, known.asks);
  }
  return Object.assign({}, ...groups.values()) as Partial<MountRequest>;
}
