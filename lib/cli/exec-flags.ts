import type { ExecDetachedOptions } from '../engine/options';
import { list, text, toggle, type Flags, type FlagValues } from './flags';
import { toEnvironment } from './run-options';

/** The flags of `exec`: Docker's. */
export const execFlags = {
  detach: toggle({ char: 'd', summary: 'Do not wait for the command; it has no streams' }),
  interactive: toggle({ char: 'i', summary: 'Pass standard input on' }),
  tty: toggle({ char: 't', summary: 'Give the command a terminal' }),
  env: list({
    char: 'e',
    helpValue: '<name[=value]>',
    summary: "Set a variable; without a value, to the host's",
  }),
  'env-file': list({ helpValue: '<file>', summary: 'Read variables from a file' }),
  workdir: text({ char: 'w', helpValue: '<dir>', summary: "Working directory instead of the container's" }),
  user: text({ char: 'u', helpValue: '<user[:group]>', summary: 'User to run as, by name or number' }),
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
