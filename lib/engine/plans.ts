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
  /** Of the last one, where it is told without looking into objects. */
  private last: { input: Plain; stencil: SpecStencil } | undefined;

  /**
   * The compiled spec of a container.
   *
   * @param state of what it is made of besides options: the image's topmost layer; undefined where that cannot be told
   * @param compile makes it where it is not known
   */
  get(
    id: string,
    state: string | undefined,
    { command, options, mounts }: PlanInput,
    compile: () => CompiledSpec,
  ): CompiledSpec {
    if (state === undefined) return compile();
    const plain = plainOf(state, { command, options, mounts });
    if (plain && this.last && isSame(plain, this.last.input)) return this.last.stencil.for(id);
    const key = JSON.stringify([state, command, mounts, ...OPTIONS.map(name => distinct(options[name]))]);
    const known = this.stencils.get(key);
    if (known) {
      this.last = plain && { input: plain, stencil: known };
      return known.for(id);
    }
    const compiled = compile();
    if (key.length <= MAX_KEY) this.remember(key, new SpecStencil(compiled, id));
    return compiled;
  }

  private remember(key: string, stencil: SpecStencil): void {
    const oldest = this.stencils.keys().next();
    if (this.stencils.size === MAX_PLANS && !oldest.done) this.stencils.delete(oldest.value);
    this.stencils.set(key, stencil);
  }
}

/** All that a compiled spec depends on, none of it an object: such may change and be the same. */
type Plain = readonly unknown[];

function plainOf(state: string, { command, options, mounts }: PlanInput): Plain | undefined {
  if (mounts.length > 0) return undefined;
  const values = [state, ...command, ...OPTIONS.map(name => options[name])];
  return values.every(value => typeof value !== 'object') ? values : undefined;
}

function isSame(one: Plain, other: Plain): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** JSON has one null for what is not given, NaN and Infinity; a limit that is none must not pass for no limit. */
function distinct(value: unknown): unknown {
  return value === undefined ? null : typeof value === 'number' ? String(value) : [value];
}
