import type { ExecDetachedOptions } from '../engine/options';
import { text, toggle, type Flags, type FlagValues } from './flags';
import { commandFlags } from './run-flags';
import { toEnvironment } from './run-options';

/** The flags of `exec`: Docker's. */
export const execFlags = {
  detach: toggle({ char: 'd', summary: 'Do not wait for the command; it has no streams' }),
  ...commandFlags,
  workdir: text({ char: 'w', helpValue: '<dir>', summary: "Working directory instead of the container's" }),
  privileged: toggle({ summary: 'Give the command all capabilities' }),
} satisfies Flags;

/**
 * What `exec`'s flags ask of the engine; the streams are the session's.
 *
 * @param host environment that `-e NAME` reads
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toExecOptions(
  flags: FlagValues<typeof execFlags>,
  host: NodeJS.ProcessEnv,
): ExecDetachedOptions {
  return {
    env: toEnvironment(flags, host),
    privileged: flags.privileged,
    ...(flags.workdir !== undefined && { cwd: flags.workdir }),
    ...(flags.user !== undefined && { user: flags.user }),
  };
}
