import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from '../common/errors';
import { makeBundle } from './bundle';
import { OciRuntime } from './oci-runtime';
import { findProgram, timeProgram, tryProgram } from './programs';
import type { Feature, MissingRow, Row } from './row';
import { MEMORY_LIMIT, TRUE } from './skiff-rows';

/** What the peers are run with. */
export interface PeerOptions {
  /** Read-only layer with /bin/true. */
  layer: string;
  /** Directory for their bundles. */
  directory: string;
}

type MakePeer = (program: string, options: PeerOptions) => Promise<Row>;

const NAMESPACES: readonly Feature[] = ['pid, mount, uts, ipc namespaces', 'network namespace'];

const PEERS: Record<string, MakePeer> = { bwrap, crun: ociRuntime, runc: ociRuntime, podman };

/** The peers' names, as SKIFF_BENCH_PEERS and --only take them. */
export const PEER_NAMES = Object.keys(PEERS);

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
  const make = PEERS[name];
  if (!make) return { name, reason: `unknown; known are ${PEER_NAMES.join(', ')}` };
  const program = findProgram(name);
  if (program === undefined) return { name, reason: 'not found on PATH' };
  let row: Row | undefined;
  try {
    row = await make(program, options);
    await row.round();
    return row;
  } catch (error) {
    await row?.close?.();
    return { name, reason: errorMessage(error) };
  }
}

async function bwrap(program: string, { layer }: PeerOptions): Promise<Row> {
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
}

/** crun and runc: `run` of a bundle that this benchmark makes. */
async function ociRuntime(program: string, { layer, directory }: PeerOptions): Promise<Row> {
  const name = path.basename(program);
  const cgroup = `bench-${name}-${process.pid}`;
  const bundle = makeBundle(path.join(directory, name), { layer, cgroup });
  const state = path.join(directory, `${name}-state`);
  fs.mkdirSync(state, { recursive: true });
  const runtime = new OciRuntime(program, { bundle, state, cgroup });
  const note = 'layer as read-only root, no overlay';
  const row = {
    name,
    title: await versionOf(program),
    does: [
      ...NAMESPACES,
      'own root',
      'own /proc, /sys, /dev',
      'memory limit',
      'capabilities dropped',
      'all removed at the end',
    ] as Feature[],
    round: () => runtime.round(),
    close: () => runtime.close(),
  };
  try {
    const hidden = await runtime.prepare();
    return { ...row, note: hidden ? `${note}; ${HIDDEN}` : note };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

const HIDDEN =
  "it refuses this machine's hybrid cgroups: cgroup2 is hidden from it, and nsenter's start is in the time";

async function podman(program: string, { layer }: PeerOptions): Promise<Row> {
  const flags = ['--rm', '--network', 'none', '--memory', MEMORY_LIMIT, '--log-driver', 'none'];
  const args = ['run', ...flags, '--rootfs', `${layer}:O`, TRUE];
  await tryProgram(program, args);
  return {
    name: 'podman',
    title: await versionOf(program),
    does: [
      ...NAMESPACES,
      'own root',
      'own /proc, /sys, /dev',
      'overlay write layer',
      'memory limit',
      'capabilities dropped',
      'all removed at the end',
    ],
    note: 'by command line, with conmon and its OCI runtime',
    round: () => timeProgram(program, args),
  };
}

async function versionOf(program: string): Promise<string> {
  const [line = ''] = (await tryProgram(program, ['--version'])).split('\n');
  return line.trim();
}
