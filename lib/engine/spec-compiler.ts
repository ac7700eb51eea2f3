import { native } from '../native';
import type { RuntimeContext } from '../runtime/context';
import { nativeFault } from '../runtime/start';
import { currentRootless } from '../common/rootless';
import { compileSpec, SpecStencil, type CompiledSpec } from '../spec/compiled';
import { checkOptions, toSpec } from '../spec/options';
import { SeccompFilters, type ChosenFilter, type SeccompFilter } from '../spec/seccomp/filters';
import { toSecurity } from '../spec/security';
import type { Mount, Word } from '../spec/types';
import { readInLayers, stateOfAccounts } from './account-files';
import type { RootSource } from './images';
import { LastStart } from './last-start';
import { thisMachine } from './machine';
import type { ContainerMounts } from './mounts';
import type { StartOptions } from './options';
import { CompiledPlans } from './plans';
import { toStorageSize } from './storage-size';

const NO_MOUNTS = { mounts: [], areUnique: false };

/** Kinds of starts that a program has by turns, such as its own and those of a pool. */
const MAX_LASTS = 4;

/** What a container is started with, by what it is made of. */
export interface CompileInput {
  command: readonly Word[];
  options: StartOptions;
  source: RootSource;
}

/** Makes specs of options and images and compiles them; what is asked for again is remembered. */
export class SpecCompiler {
  private readonly plans = new CompiledPlans();
  private readonly filters = new SeccompFilters();
  /** The newest first. */
  private readonly lasts: LastStart[] = [];

  constructor(private readonly context: RuntimeContext) {}

  /**
   * Check what options and command say by themselves.
   *
   * @returns what is known of a start by them, where they were found right before
   * @throws SkiffError INVALID_ARGUMENT
   */
  check(command: readonly Word[], options: StartOptions): LastStart | undefined {
    for (const last of this.lasts) if (last.isSame(command, options)) return last;
    checkOptions(command, options);
    toStorageSize(options);
    const last = LastStart.of(command, options);
    if (last && this.lasts.unshift(last) > MAX_LASTS) this.lasts.pop();
    return last;
  }

  /** The same as the last time, where that is known. */
  again(
    { compiled }: LastStart,
    source: RootSource,
    { mounts }: Pick<ContainerMounts, 'mounts'> = NO_MOUNTS,
  ): SpecStencil | undefined {
    return compiled?.mounts === mounts && compiled.image === stateOf(source) ? compiled.stencil : undefined;
  }

  /** @param last where what it is compiled to is kept for the next one */
  async compile(
    input: CompileInput,
    { mounts, areUnique }: Pick<ContainerMounts, 'mounts' | 'areUnique'> = NO_MOUNTS,
    last?: LastStart,
  ): Promise<SpecStencil> {
    const { command, options, source } = input;
    const image = stateOf(source);
    const { key, filter } = await this.filter(options);
    const compile = () => {
      const id = native().randomId();
      return new SpecStencil(this.compileWith(filter, id, input, mounts, {}), id);
    };
    // Devices of the host are looked at anew: they come and go.
    if (image === undefined || areUnique || options.privileged || options.devices?.length) return compile();
    const state = { image, filter: key };
    const stencil = this.plans.get(state, { command, options, mounts }, compile);
    if (last) last.compiled = { image, mounts, stencil };
    return stencil;
  }

  /** For a container that outlives this process. */
  async compileDetached(id: string, input: CompileInput, mounts: readonly Mount[]): Promise<CompiledSpec> {
    const { filter } = await this.filter(input.options);
    return this.compileWith(filter, id, input, mounts, { endsWithParent: true });
  }

  private compileWith(
    filter: SeccompFilter | undefined,
    id: string,
    { command, options, source: { layers, config } }: CompileInput,
    mounts: readonly Mount[],
    { endsWithParent }: { endsWithParent?: boolean },
  ): CompiledSpec {
    const { store, fault } = this.context;
    const spec = toSpec({
      id,
      command,
      options,
      image: config,
      mounts,
      rootPath: `${store.directory(id)}/mnt`,
      readFile: file => readInLayers(layers, file),
      machine: thisMachine(),
      rootless: currentRootless(),
      filter,
    });
    return compileSpec(spec, id, { init: options.init, fault: fault && nativeFault(fault), endsWithParent });
  }

  /** The filter of system calls that the options ask for. */
  private filter(options: StartOptions): Promise<ChosenFilter> {
    const { seccomp, capabilities } = toSecurity(options, () => thisMachine().capabilities);
    return this.filters.choose(seccomp, capabilities);
  }
}

/** What tells one state of what a container is made of from another; undefined where that cannot be told. */
function stateOf({ stored, imageId, layers }: RootSource): string | undefined {
  return stored ? (imageId ?? layers[0]) : stateOfAccounts(layers[0]!);
}
