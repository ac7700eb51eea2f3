import fs from 'node:fs';
import path from 'node:path';
import { isAliveHere } from '../common/identity';
import { initPath } from '../engine/checks';
import { makeHolder, type Holder } from '../engine/rootless/holder';
import { toMappings } from '../engine/rootless/subordinate-ids';
import type { RunAs } from './programs';

/** Ids of the host that belong to nobody: useradd(8) gives out those below, and subordinate ids are far above. */
const UID = 64_996;
const SUBORDINATE = { first: 2_100_000, count: 65_536 };

/** Somebody without privileges who lives as long as a measurement, with subordinate ids and directories of their own. */
export class Somebody {
  private constructor(
    private readonly directory: string,
    private readonly holder: Holder,
  ) {}

  /**
   * @param directory that they own, made here; who leads to it must be open to others
   * @throws SkiffError USER_NAMESPACE where there can be no namespaces for them
   */
  static async make(directory: string): Promise<Somebody> {
    fs.mkdirSync(directory, { mode: 0o755 });
    const runtime = path.join(directory, 'run', 'skiff');
    fs.mkdirSync(runtime, { recursive: true, mode: 0o700 });
    const record = path.join(runtime, 'namespaces.json');
    const holder = await makeHolder(record, initPath(), { user: { uid: UID, gid: UID }, mapIds });
    for (const owned of [record, runtime, path.dirname(runtime), directory]) fs.chownSync(owned, UID, UID);
    return new Somebody(directory, holder);
  }

  /** Programs of theirs; `SKIFF_ROOT` is on the file system of {@link make}'s directory. */
  get runAs(): RunAs {
    const env = {
      PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: this.directory,
      XDG_RUNTIME_DIR: path.join(this.directory, 'run'),
      SKIFF_ROOT: path.join(this.directory, 'root'),
    };
    return { env, cwd: '/', uid: UID, gid: UID };
  }

  /** Their namespaces end with the last process in them; what is in the directory is not removed. */
  leave(): void {
    if (isAliveHere(this.holder.process)) process.kill(this.holder.process.pid, 'SIGKILL');
  }
}

/** Root may, and needs no newuidmap(1). */
function mapIds(pid: number): Holder['rootless'] {
  const lines = toMappings(UID, [SUBORDINATE]).map(
    ({ inside, outside, count }) => `${inside} ${outside} ${count}\n`,
  );
  for (const file of ['uid_map', 'gid_map']) fs.writeFileSync(`/proc/${pid}/${file}`, lines.join(''));
  return { uid: UID, gid: UID, ids: 'range' };
}
