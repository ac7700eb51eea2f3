import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from '../../common/package';
import type { Row } from '../row';
import { ServedProgram } from '../served';
import type { Peer, PeerOptions } from './peer';

const PACKAGE = '@anthropic-ai/sandbox-runtime';
const SCRIPT = path.join('lib', 'bench', 'peers', 'serve-sandbox-runtime.mjs');

/** What Node programs use today to fence in a command: an npm package over bubblewrap, in a Node process of its own. */
export const sandboxRuntime: Peer = {
  name: 'sandbox-runtime',
  find: findPackage,
  absent: `${PACKAGE} is not installed here (npm install --no-save ${PACKAGE})`,
  async make(entry: string, { directory }: PeerOptions): Promise<Row> {
    // Its sockets go there.
    const temporary = path.join(directory, 'srt');
    fs.mkdirSync(temporary, { recursive: true });
    const script = path.join(packageRoot(), SCRIPT);
    const served = new ServedProgram(process.execPath, [script, entry], {
      env: { ...process.env, TMPDIR: temporary },
    });
    try {
      await served.round();
    } catch (error) {
      await served.close();
      throw error;
    }
    return {
      name: 'sandbox-runtime',
      title: `${PACKAGE} ${versionOf(entry)}`,
      does: ['network namespace', 'capabilities dropped', 'all removed at the end'],
      note: "the host's root, read-only; pid, mount and user namespaces, seccomp, relays to its proxies; no cgroup",
      round: () => served.round(),
      close: () => served.close(),
    };
  },
};

/** Its main file, as a program in the working directory or this package would load it. */
function findPackage(): string | undefined {
  for (const directory of [process.cwd(), packageRoot()]) {
    try {
      return createRequire(path.join(directory, 'package.json')).resolve(PACKAGE);
    } catch {
      // Not there: the next directory may have it.
    }
  }
  return undefined;
}

function versionOf(entry: string): string {
  const file = path.join(entry.slice(0, entry.lastIndexOf(PACKAGE)), PACKAGE, 'package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}
