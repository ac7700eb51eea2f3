import fs from 'node:fs';
import path from 'node:path';
import { invalidArgument } from '../common/errors';
import type { Propagation } from '../spec/mount-request';

/** A mount as /proc/self/mountinfo tells it, proc_pid_mountinfo(5). */
interface HostMount {
  point: string;
  isShared: boolean;
  isSlave: boolean;
}

/**
 * Refuse a propagation that the host's mount cannot give, as Docker does: the container would wait for mounts in vain.
 *
 * @param source path of the host that is there
 * @throws SkiffError INVALID_ARGUMENT in Docker's words
 */
export function requirePropagation(source: string, propagation: Propagation): void {
  if (propagation === 'private' || propagation === 'rprivate') return;
  const { point, isShared, isSlave } = mountOf(fs.realpathSync(source));
  const wantsShared = propagation === 'shared' || propagation === 'rshared';
  if (isShared || (isSlave && !wantsShared)) return;
  throw invalidArgument(
    `path ${source} is mounted on ${point} but it is not a shared${wantsShared ? '' : ' or slave'} mount`,
    { path: source, remedy: `Make it one first: mount --make-shared ${point}` },
  );
}

/** The mount that a path is on: of those at the same place, the last one lies on top. */
function mountOf(file: string): HostMount {
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n').map(parseMount);
  for (let directory = file; ; directory = path.dirname(directory)) {
    const mount = mounts.filter(({ point }) => point === directory).at(-1);
    if (mount || directory === '/') return mount ?? { point: '/', isShared: false, isSlave: false };
  }
}

function parseMount(line: string): HostMount {
  const fields = line.split(' ');
  const optional = fields.slice(6, fields.indexOf('-', 6));
  return {
    point: (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    ),
    isShared: optional.some(tag => tag.startsWith('shared:')),
    isSlave: optional.some(tag => tag.startsWith('master:')),
  };
}
