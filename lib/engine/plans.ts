import { createHash } from 'node:crypto';
import type { SpecStencil } from '../spec/compiled';
import type { StartOptions } from './options';
import type { Mount, Word } from '../spec/types';

/** Distinct options that are remembered, and how long their text may be. */
const MAX_PLANS = 64;
const MAX_KEY = 262_144;
/** Text of mounts that is not longer stands for itself. */
const SHORT = 1024;

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
  /** What stands for lists that come again as they are: to compare the text of a thousand mounts takes its time. */
  private readonly marks = new WeakMap<readonly Mount[], string>();

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
    const key = `${JSON.stringify(values)}\n${this.markOf(mounts)}`;
    const known = this.stencils.get(key);
    if (known) return known;
    const stencil = compile();
    if (key.length <= MAX_KEY) this.remember(key, stencil);
    return stencil;
  }

  private markOf(mounts: readonly Mount[]): string {
    const known = this.marks.get(mounts);
    if (known !== undefined) return known;
    const text = JSON.stringify(mounts);
    const mark = text.length <= SHORT ? text : createHash('sha256').update(text).digest('base64');
    this.marks.set(mounts, mark);
    return mark;
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
