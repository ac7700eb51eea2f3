import fs from 'node:fs';
import util from 'node:util';
import type createDebug from 'debug';

/** Writes one line of a part's log; arguments as for util.format. */
export type DebugLog = (format: string, ...values: unknown[]) => void;

/**
 * A debug log of one part of skiff, shown with `DEBUG=skiff:*` (or `DEBUG=skiff:<part>`).
 *
 * The `debug` package is loaded by the first line that may be shown: it looks at process.stderr, which makes a shared
 * pipe non-blocking for everybody, and costs time that most runs have no use for.
 *
 * @param part the folder it speaks for: `runtime`, `workspace`, `cgroup`, ...
 */
export function debugLog(part: string): DebugLog {
  let log: createDebug.Debugger | undefined;
  let isShown: boolean | undefined;
  return (format, ...values) => {
    // Once, as the package does: each look into the environment takes a lock.
    isShown ??= Boolean(process.env.DEBUG);
    if (!isShown) return;
    log ??= createLog(`skiff:${part}`);
    log(format, ...values);
  };
}

function createLog(name: string): createDebug.Debugger {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded at need, see above
  const log = (require('debug') as typeof createDebug)(name);
  log.log = (...words: unknown[]) => {
    fs.writeSync(2, `${util.format(...words)}\n`);
  };
  return log;
}
