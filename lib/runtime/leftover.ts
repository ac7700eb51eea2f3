import { removeLeftoverCgroup, thawCgroup, type CgroupSetup } from '../cgroup';
import { debugLog } from '../common/debug';
import { errorCode } from '../common/errors';
import { isAliveHere } from '../common/identity';
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
  const directory = found.kind === 'broken' ? found.directory : store.directory(found.id);
  await removeRemains({ containerDir: directory });
  if (record) store.freeName(record.name, found.id);
  else store.freeNamesOf(found.id);
}

/** Kill a container's init, where that very process still runs, frozen or not, and wait for its end. */
export async function endInit(
  { id, init, cgroupPaths = [] }: ContainerRecord,
  cgroups: CgroupSetup,
): Promise<void> {
  if (!init || !isAliveHere(init)) return;
  try {
    process.kill(init.pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself since it was looked at.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
  // Only what is named after it, whatever the record says.
  thawCgroup(
    cgroups,
    cgroupPaths.filter(directory => directory.endsWith(`-${id}`)),
  );
  const deadline = Date.now() + END_TIMEOUT_MS;
  while (isAliveHere(init) && Date.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, END_STEP_MS));
  }
}
