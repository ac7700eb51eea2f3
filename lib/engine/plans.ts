import { SpecStencil, type CompiledSpec } from '../spec/compiled';
import type { StartOptions } from './options';
import type { Mount, Word } from '../spec/types';

/** Distinct options that are remembered, and how long their text may be: a thousand bind mounts fit in. */
const MAX_PLANS = 64;
const MAX_KEY = 262_144;

/** The options that a compiled spec depends on. */
const OPTIONS = [
  'env',
  'cwd',
  'user',
  'hostname',
  'entrypoint',
  'memory',
  'memorySwap',
  'cpus',
  'cpuShares',
  'cpusetCpus',
  'pidsLimit',
  'network',
  'userns',
  'init',
  'readOnly',
  'tmpfs',
  'ulimits',
  'sysctls',
  'capAdd',
  'capDrop',
  'privileged',
  'securityOpt',
  'noNewPrivileges',
  'groupAdd',
  'oomScoreAdj',
  'shmSize',
  'profile',
  'cpuTime',
  'tty',
] as const satisfies readonly (keyof StartOptions)[];

/** What a compiled spec is made of, beside the image. */
export interface PlanInput {
  command: readonly Word[];
  options: StartOptions;
  /** What `volumes` and such of the options have become. */
  mounts: readonly Mount[];
}

/** Compiled specs by the options that they were made of: whoever starts the same thing often has it compiled once. */
export class CompiledPlans {
  private readonly stencils = new Map<string, SpecStencil>();
  /** Of the last one, where what it was made of is told without looking into objects. */
  private last: { made: Plain; stencil: SpecStencil } | undefined;

  /**
   * The same as the last time, if it is wanted again.
   *
   * @param state of what it is made of besides options and the files that they name
   */
  again(id: string, state: string, input: PlanInput): CompiledSpec | undefined {
    const { last } = this;
    return last && isMadeOf(last.made, state, input) ? last.stencil.for(id) : undefined;
  }

  /**
   * The compiled spec of a container.
   *
   * @param state of what it is made of besides options: the image, and the filter of system calls
   * @param compile makes it where it is not known
   */
  get(
    id: string,
    state: { image: string; filter: string },
    input: PlanInput,
    compile: () => CompiledSpec,
  ): CompiledSpec {
    const { command, options, mounts } = input;
    const values = [state, command, mounts, ...OPTIONS.map(name => distinct(options[name]))];
    const key = JSON.stringify(values);
    const known = this.stencils.get(key);
    const compiled = known?.for(id) ?? compile();
    const stencil = known ?? new SpecStencil(compiled, id);
    if (!known && key.length <= MAX_KEY) this.remember(key, stencil);
    const made = plainOf(state.image, input);
    this.last = made && { made, stencil };
    return compiled;
  }

  private remember(key: string, stencil: SpecStencil): void {
    const oldest = this.stencils.keys().next();
    if (this.stencils.size === MAX_PLANS && !oldest.done) this.stencils.delete(oldest.value);
    this.stencils.set(key, stencil);
  }
}

/** All that a compiled spec depends on, none of it an object: such may change and be the same. */
interface Plain {
  state: string;
  command: readonly unknown[];
  options: readonly unknown[];
}

function plainOf(state: string, { command, options, mounts }: PlanInput): Plain | undefined {
  const values = OPTIONS.map(name => options[name]);
  const isPlain = mounts.length === 0 && [...command, ...values].every(value => typeof value !== 'object');
  return isPlain ? { state, command: [...command], options: values } : undefined;
}

function isMadeOf(made: Plain, state: string, { command, options, mounts }: PlanInput): boolean {
  if (made.state !== state || made.command.length !== command.length || mounts.length > 0) return false;
  for (let i = 0; i < command.length; i += 1) if (made.command[i] !== command[i]) return false;
  for (let i = 0; i < OPTIONS.length; i += 1) if (made.options[i] !== options[OPTIONS[i]!]) return false;
  return true;
}

/** JSON has one null for what is not given, NaN and Infinity; a limit that is none must not pass for no limit. */
function distinct(value: unknown): unknown {
  return value === undefined ? null : typeof value === 'number' ? String(value) : [value];
}
