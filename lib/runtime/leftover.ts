import { removeLeftoverCgroup, thawCgroup, type CgroupSetup } from '../cgroup';
import { debugLog } from '../common/debug';
import { errorCode } from '../common/errors';
import { isAliveHere, type ProcessIdentity } from '../common/identity';
import type { ContainerRecord, ContainerStore, FoundContainer } from '../state';
import { removeRemains } from './removal';

const debug = debugLog('sweep');

/** How long to wait for a killed leftover's end, in ms, and how often to look. */
const END_TIMEOUT_MS = 5000;
const END_STEP_MS = 10;

/** Remove one container, whatever state it was found in. */
export async function removeLeftover(
  store: ContainerStore,
  found: FoundContainer,
  cgroups: CgroupSetup,
): Promise<void> {
  debug('removing %s (%s)', found.id, found.kind);
  const record = found.kind === 'record' ? found.record : undefined;
  if (record) await endInit(record, cgroups);
  // Killed between making its cgroup and noting it, a container is found by the directory's name.
  await removeLeftoverCgroup(cgroups, found.id, record?.cgroupPaths);
  if (found.kind === 'broken') await removeRemains({ containerDir: found.directory });
  else await removeWhole(store, found.id);
  if (record?.ids) store.ids.free(found.id, record.ids);
  if (record) store.names.free(record.name, found.id);
  else store.names.freeAllOf(found.id);
}

/** Never is there a container whose files are gone in part. */
async function removeWhole(store: ContainerStore, id: string): Promise<void> {
  const containerDir = store.beginRemoval(id);
  if (containerDir === undefined) return;
  try {
    await removeRemains({ containerDir });
  } catch (error) {
    store.giveUpRemoval(id);
    throw error;
  }
}

/** Kill a container's init, where that very process still runs, frozen or not, and wait for its end. */
export async function endInit(
  { id, init, cgroupPaths = [] }: ContainerRecord,
  cgroups: CgroupSetup,
): Promise<void> {
  if (init && isAliveHere(init)) kill(init);
  // No process of a frozen cgroup v1 dies before it is thawed: so it is killed first, and does nothing more. Only what is
  // named after the container, whatever the record says.
  thawCgroup(
    cgroups,
    cgroupPaths.filter(directory => directory.endsWith(`-${id}`)),
  );
  if (init) await awaitEnd(init);
}

function kill({ pid }: ProcessIdentity): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself since it was looked at.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

async function awaitEnd(init: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + END_TIMEOUT_MS;
  while (isAliveHere(init) && Date.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, END_STEP_MS));
  }
}
