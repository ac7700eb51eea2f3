import { removeLeftoverCgroup, type CgroupSetup } from '../../cgroup';
import { bootId } from '../../common/identity';
import type { ContainerRecord, ContainerStore, FoundContainer } from '../../state';
import { deleteMountPoint } from '../../workspace';
import { endInit, removeLeftover } from '../leftover';
import { ifUnlocked } from './lock';

/** Exit code of a command that ended with its monitor, and of one that ended with the machine: Docker's. */
const KILLED = 137;
const UNSEEN = 255;

/**
 * A container whose monitor is gone: end what still runs of it, give back what it has of the kernel's, and write down
 * that it has ended; with `--rm` it is removed.
 *
 * @returns what there is of it now; undefined where it is gone
 */
export async function repair(
  store: ContainerStore,
  found: FoundContainer,
  cgroups: CgroupSetup,
): Promise<FoundContainer | undefined> {
  if (found.kind !== 'record') return found;
  await ifUnlocked(store.directory(found.id), async () => {
    // A monitor that has ended since wrote down how.
    const now = store.find(found.id);
    if (now?.kind === 'record' && store.isDeserted(now)) await end(store, now, cgroups);
  }).catch(ignoreGone);
  return store.find(found.id);
}

async function end(
  store: ContainerStore,
  found: FoundContainer & { kind: 'record' },
  cgroups: CgroupSetup,
): Promise<void> {
  const { record } = found;
  if (record.options?.remove === true) return removeLeftover(store, found, cgroups);
  const { state } = record;
  const thisBoot = state?.monitor?.bootId === bootId();
  await endInit(record, cgroups);
  await removeLeftoverCgroup(cgroups, record.id, record.cgroupPaths);
  await deleteMountPoint({ containerDir: store.directory(record.id) });
  store.update(ended(record, thisBoot));
}

function ended(record: ContainerRecord, thisBoot: boolean): ContainerRecord {
  const { state, ...rest } = record;
  return {
    ...rest,
    state: {
      ...state,
      status: 'exited',
      monitor: undefined,
      init: undefined,
      finishedAt: Date.now(),
      exitCode: thisBoot ? KILLED : UNSEEN,
      error: thisBoot ? 'its monitor was killed' : 'the machine was restarted',
    },
  };
}

function ignoreGone(error: unknown): void {
  if ((error as { code?: string }).code !== 'ENOENT') throw error;
}
