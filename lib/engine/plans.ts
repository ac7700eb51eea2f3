import { SpecStencil, type CompiledSpec } from '../spec/compiled';
import type { StartOptions } from './options';
import type { Word } from '../spec/types';

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
  'init',
  'readOnly',
  'tmpfs',
  'volumes',
  'ulimits',
  'sysctls',
  'tty',
] as const satisfies readonly (keyof StartOptions)[];

/** Compiled specs by the options that they were made of: whoever starts the same thing often has it compiled once. */
export class CompiledPlans {
  private readonly stencils = new Map<string, SpecStencil>();

  /**
   * The compiled spec of a container.
   *
   * @param state of what it is made of besides options: the image's topmost layer; undefined where that cannot be told
   * @param compile makes it where it is not known
   */
  get(
    id: string,
    state: string | undefined,
    { command, options }: { command: readonly Word[]; options: StartOptions },
    compile: () => CompiledSpec,
  ): CompiledSpec {
    if (state === undefined) return compile();
    const key = JSON.stringify([state, command, ...OPTIONS.map(name => distinct(options[name]))]);
    const known = this.stencils.get(key);
    if (known) return known.for(id);
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

/** JSON has one null for what is not given, NaN and Infinity; a limit that is none must not pass for no limit. */
function distinct(value: unknown): unknown {
  return value === undefined ? null : typeof value === 'number' ? String(value) : [value];
}
