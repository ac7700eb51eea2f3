import { timeProgram, tryProgram, versionOf } from '../programs';
import type { Row } from '../row';
import { TRUE } from '../skiff-rows';
import { NAMESPACES, programPeer, type PeerOptions } from './peer';

/** bubblewrap: the nearest it comes to a container. */
export const bwrap = programPeer('bwrap', async (program, { layer }: PeerOptions): Promise<Row> => {
  const unshare = ['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts'];
  const args = [...unshare, '--ro-bind', layer, '/', '--proc', '/proc', '--dev', '/dev', TRUE];
  await tryProgram(program, args);
  return {
    name: 'bwrap',
    title: await versionOf(program),
    does: [...NAMESPACES, 'own root', 'capabilities dropped', 'all removed at the end'],
    note: 'read-only bind of the layer, no /sys, no cgroup, no overlay',
    round: () => timeProgram(program, args),
  };
});
