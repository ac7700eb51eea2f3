import type { SpecStencil } from '../spec/compiled';
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
  /** Of lists that come again as they are: a thousand mounts are as much text as all else. */
  private readonly texts = new WeakMap<readonly Mount[], string>();

  /**
   * The compiled spec of all containers of these options.
   *
   * @param state of what it is made of besides options: the image, and the filter of system calls
   * @param compile makes it where it is not known
   */
  get(
    state: { image: string; filter: string },
    { command, options, mounts }: PlanInput,
    compile: () => SpecStencil,
  ): SpecStencil {
    const values = [state, command, ...OPTIONS.map(name => distinct(options[name]))];
    // A line feed stands in no JSON text of one line.
    const key = `${JSON.stringify(values)}\n${this.textOf(mounts)}`;
    const known = this.stencils.get(key);
    if (known) return known;
    const stencil = compile();
    if (key.length <= MAX_KEY) this.remember(key, stencil);
    return stencil;
  }

  private textOf(mounts: readonly Mount[]): string {
    const known = this.texts.get(mounts);
    if (known !== undefined) return known;
    const text = JSON.stringify(mounts);
    this.texts.set(mounts, text);
    return text;
  }

  private remember(key: string, stencil: SpecStencil): void {
    const oldest = this.stencils.keys().next();
    if (this.stencils.size === MAX_PLANS && !oldest.done) this.stencils.delete(oldest.value);
    this.stencils.set(key, stencil);
  }
}

/** JSON has one null for what is not given, NaN and Infinity; a limit that is none must not pass for no limit. */
function distinct(value: unknown): unknown {
  return value === undefined ? null : typeof value === 'number' ? String(value) : [value];
}
