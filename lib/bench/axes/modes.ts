import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from '../../common/errors';
import { packageRoot } from '../../common/package';
import { isRootless } from '../../common/rootless';
import { timeProgram, type RunAs } from '../programs';
import type { Row } from '../row';
import { ServedProgram } from '../served';
import type { BenchSession } from '../session';
import { TRUE } from '../skiff-rows';
import { Somebody } from '../somebody';

export const ROOTFUL = 'root, no limit';
export const ROOTLESS = 'without root, no limit';

/** A start as root and the same as somebody else, side by side, by the API and by the command line. */
export interface Modes {
  rows: { at: string; row: Row }[];
  /** Why there are none. */
  reason?: string;
  close(): Promise<void>;
}

const NONE = { rows: [], close: () => Promise.resolve() };

/** Neither has a limit, which a user could have only where a cgroup was handed over. Only root can be both. */
export async function makeModes(session: BenchSession): Promise<Modes> {
  if (isRootless()) return { ...NONE, reason: 'only root can start as root and as somebody else' };
  // To nobody but root it is closed otherwise.
  fs.chmodSync(session.directory, 0o711);
  const directory = path.join(session.directory, 'somebody');
  let somebody: Somebody | undefined;
  const served: ServedProgram[] = [];
  const close = async () => {
    await Promise.all(served.map(program => program.close()));
    somebody?.leave();
  };
  try {
    somebody = await Somebody.make(directory);
    const ways = [
      { at: ROOTFUL, as: { env: { ...process.env, SKIFF_ROOT: session.skiff.root } } },
      { at: ROOTLESS, as: somebody.runAs },
    ];
    const rows: Modes['rows'] = [];
    for (const { at, as } of ways) {
      const program = serve(session, at === ROOTLESS, as);
      served.push(program);
      await program.round();
      rows.push({ at, row: servedRow(program) }, { at, row: commandRow(as) });
    }
    return { rows, close };
  } catch (error) {
    await close();
    return { ...NONE, reason: errorMessage(error) };
  }
}

/** The API in a process of its own, for both alike: a heap that has measured other things is no neighbour's. */
function serve(session: BenchSession, enter: boolean, as: RunAs): ServedProgram {
  const script = path.join(packageRoot(), 'lib', 'bench', 'serve-skiff.mjs');
  const words = [process.execPath, script, path.join(packageRoot(), 'dist', 'index.js')];
  const [program = '', ...args] = enter
    ? [skiffProgram(), 'unshare', ...words]
    : [...words, session.skiff.storageDriver];
  return new ServedProgram(program, args, as);
}

function servedRow(program: ServedProgram): Row {
  return { name: 'skiff API', title: 'skiff.run(), cold', does: [], round: () => program.round() };
}

function commandRow(as: RunAs): Row {
  const round = () => timeProgram(skiffProgram(), ['run', TRUE], as);
  return { name: 'skiff run', title: 'skiff run true, a process of its own', does: [], round };
}

function skiffProgram(): string {
  return path.join(packageRoot(), 'bin', 'run');
}
