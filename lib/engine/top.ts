import { SkiffError } from '../common/errors';
import { machineFacts, ProcessDetails } from '../process/details';
import { ProcessTable } from '../process/table';
import { requireReadable, type ContainerInfo } from './info';

/**
 * The processes of a running container, as the host sees them, by pid.
 *
 * @throws SkiffError CONTAINER_DEAD, CONTAINER_NOT_RUNNING with Docker's wording
 */
export function describeProcesses(info: ContainerInfo): ProcessDetails[] {
  requireReadable(info);
  const { id, pid, status } = info;
  const isRunning = pid !== undefined && (status === 'running' || status === 'paused');
  const processes = isRunning ? ProcessTable.read().of(pid) : [];
  const facts = machineFacts();
  if (processes.length > 0) return processes.map(stat => new ProcessDetails(stat, facts));
  throw new SkiffError(`container ${id} is not running`, {
    code: 'CONTAINER_NOT_RUNNING',
    path: id,
    exitCode: 1,
  });
}
