import { invalidArgument } from '../common/errors';
import { checkInput } from './check';
import { allCapabilities } from './capabilities';
import { setVariables, toEntries, toList } from './env';
import { terminal, toCwd } from './options';
import type { Process, Rlimit, Word } from './types';
import { parseLimits } from './ulimit';
import { resolveUser, type ReadFile } from './user';

/**
 * What a container's command was started with and a further one is to get, too: its OCI process without what is the
 * command's alone. Plain JSON, kept in the container's record.
 */
export type ProcessBase = Omit<Process, 'args' | 'terminal' | 'consoleSize'>;

/** The part of the engine's exec options that a process is made of. */
export interface ProcessOptions {
  env?: Record<string, string> | readonly string[];
  cwd?: string;
  user?: string;
  tty?: boolean | { rows: number; columns: number };
  privileged?: boolean;
}

/** All but the command's own, so that a restriction that OCI adds is not forgotten. */
export function processBase({
  args: _args,
  terminal: _terminal,
  consoleSize: _size,
  ...base
}: Process): ProcessBase {
  return base;
}

/** What a process is made of beside what the container's own is like. */
export interface ProcessSource {
  /** Reads a file of the container as it is now; asked where a user is given. */
  readFile: ReadFile;
  /** /proc/PID/limits of the container's init: what it was not given by an option it has from who started it. */
  limits: string;
  /** Capabilities that this process has, as the kernel's bit mask; asked where `privileged` is. */
  machine: { readonly capabilities: bigint };
}

/**
 * Make the OCI process of a further command in a container: with the container's environment, user, working directory
 * and restrictions, as far as the options do not say something else.
 *
 * @throws SkiffError INVALID_ARGUMENT, with Docker's wording where Docker has one
 */
export function toProcess(
  base: ProcessBase,
  command: readonly Word[],
  options: ProcessOptions,
  { readFile, limits, machine }: ProcessSource,
): Process {
  checkCommand(command, options);
  const user = options.user ? resolveUser(options.user, readFile) : undefined;
  const home = user?.home ?? base.user.home;
  return {
    ...base,
    ...terminal(options.tty),
    args: [...command],
    env: toEnvironment(base, options, home),
    cwd: toCwd(options.cwd || base.cwd),
    rlimits: toRlimits(limits, base.rlimits ?? []),
    ...(user && {
      user: { ...base.user, uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    }),
    ...(options.privileged && {
      capabilities: allCapabilities(machine.capabilities),
      // As Docker has it.
      apparmorProfile: undefined,
    }),
  };
}

/**
 * Refuse what is wrong whatever the container.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function checkCommand(command: readonly Word[], options: ProcessOptions): void {
  checkInput(command, options);
  if (!command[0]?.length) throw invalidArgument('no command specified');
  if (options.cwd) toCwd(options.cwd);
  terminal(options.tty);
  setVariables(new Map(), toList(options.env ?? []));
}

function toRlimits(limits: string, given: readonly Rlimit[]): Rlimit[] {
  return [...new Map([...parseLimits(limits), ...given].map(limit => [limit.type, limit])).values()];
}

/** Docker's order: the container's, TERM with a terminal, the user's; HOME is the user's where nobody set it. */
function toEnvironment(base: ProcessBase, options: ProcessOptions, home: string | undefined): string[] {
  const variables = new Map<string, string>();
  setVariables(variables, base.env.map(String));
  if (options.tty && !variables.has('TERM')) variables.set('TERM', 'xterm');
  if (base.user.home !== undefined) variables.delete('HOME');
  setVariables(variables, toList(options.env ?? []));
  if (home !== undefined && !variables.has('HOME')) variables.set('HOME', home);
  return toEntries(variables);
}
