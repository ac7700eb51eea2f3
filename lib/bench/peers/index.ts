import { errorMessage } from '../../common/errors';
import type { MissingRow, Row } from '../row';
import { bwrap } from './bwrap';
import { docker } from './docker';
import { ociPeer } from './oci';
import type { Peer, PeerOptions } from './peer';
import { podman } from './podman';
import { sandboxRuntime } from './sandbox-runtime';

const PEERS: readonly Peer[] = [bwrap, ociPeer('crun'), ociPeer('runc'), podman, docker, sandboxRuntime];

/** The peers' names, as SKIFF_BENCH_PEERS and --only take them. */
export const PEER_NAMES = PEERS.map(({ name }) => name);

/**
 * Make the rows of the peers that this machine has. Each is tried once.
 *
 * @param names which ones; a name that is not known is reported as missing
 */
export async function peerRows(
  names: readonly string[],
  options: PeerOptions,
): Promise<{ rows: Row[]; missing: MissingRow[] }> {
  const rows: Row[] = [];
  const missing: MissingRow[] = [];
  for (const name of names) {
    const peer = await peerRow(name, options);
    if ('reason' in peer) missing.push(peer);
    else rows.push(peer);
  }
  return { rows, missing };
}

async function peerRow(name: string, options: PeerOptions): Promise<Row | MissingRow> {
  const peer = PEERS.find(known => known.name === name);
  if (!peer) return { name, reason: `unknown; known are ${PEER_NAMES.join(', ')}` };
  const program = peer.find();
  if (program === undefined) return { name, reason: peer.absent };
  let row: Row | undefined;
  try {
    row = await peer.make(program, options);
    await row.round();
    return row;
  } catch (error) {
    await row?.close?.();
    return { name, reason: errorMessage(error) };
  }
}
