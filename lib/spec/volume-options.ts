import { invalidArgument } from '../common/errors';

const KNOWN = ['type', 'device', 'o'];

/**
 * Refuse options of a volume that are none, or that ask for more than a directory of the host in its place: a file system
 * that has to be mounted on the host outlives containers only with somebody who unmounts it.
 *
 * @throws SkiffError INVALID_ARGUMENT, in Docker's words where it has some
 */
export function checkVolumeOptions(options: Record<string, string>): void {
  const names = Object.keys(options);
  if (names.length === 0) return;
  const unknown = names.find(name => !KNOWN.includes(name));
  if (unknown !== undefined) throw invalidArgument(`invalid option: ${JSON.stringify(unknown)}`);
  const { type = 'none', device, o = '' } = options;
  if (!device) throw invalidArgument('missing device in volume options');
  const isBind = ['bind', 'rbind'].includes(o) && (type === 'none' || type === '');
  if (!isBind) {
    throw invalidArgument(`unsupported volume options: type=${type}, o=${o}`, {
      remedy:
        'A volume is a directory: its own, or with -o type=none -o o=bind -o device=DIR one of the host. For a tmpfs use --mount type=tmpfs.',
    });
  }
  if (!device.startsWith('/')) {
    throw invalidArgument(`invalid device of a volume: ${device}: it must be an absolute path`);
  }
}
