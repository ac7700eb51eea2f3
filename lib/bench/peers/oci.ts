import fs from 'node:fs';
import path from 'node:path';
import { versionOf } from '../programs';
import type { Row } from '../row';
import { makeBundle } from './bundle';
import { OciRuntime } from './oci-runtime';
import { CONTAINER, programPeer, type Peer, type PeerOptions } from './peer';

const HIDDEN =
  "it refuses this machine's hybrid cgroups: cgroup2 is hidden from it, and nsenter's start is in the time";

/** crun and runc: `run` of a bundle that this benchmark makes. */
export function ociPeer(name: 'crun' | 'runc'): Peer {
  return programPeer(name, (program, options) => makeRow(name, program, options));
}

async function makeRow(name: string, program: string, { layer, directory }: PeerOptions): Promise<Row> {
  const cgroup = `bench-${name}-${process.pid}`;
  const bundle = makeBundle(path.join(directory, name), { layer, cgroup });
  const state = path.join(directory, `${name}-state`);
  fs.mkdirSync(state, { recursive: true });
  const runtime = new OciRuntime(program, { bundle, state, cgroup });
  const note = 'layer as read-only root, no overlay';
  try {
    const hidden = await runtime.prepare();
    return {
      name,
      title: await versionOf(program),
      does: CONTAINER,
      note: hidden ? `${note}; ${HIDDEN}` : note,
      round: () => runtime.round(),
      close: () => runtime.close(),
    };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
