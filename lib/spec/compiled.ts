import type { Resources } from '../common/resources';
import { withMembers } from '../common/with-members';
import { bindsPlan } from './binds';
import { needsDeviceCgroup } from './devices';
import { processBase } from './exec';
import { cloneFlags, CLONE_NEWNET, processPlan, setupPlan, type ProcessOptions } from './plan';
import { SHORT_ID, stamped, type Stamped } from './stamped';
import type { Spec } from './types';

/** A spec as a start needs it: its plans, and what else of it decides something. */
export interface CompiledSpec {
  /** Program and arguments. */
  args: string[];
  resources: Resources;
  /** The same as text: whether those of two are the same. */
  limits: string;
  /** CLONE_NEW flags of all new namespaces but the network's. */
  namespaces: number;
  /** It has a network namespace of its own. */
  ownNetwork: boolean;
  /** It has a user namespace of its own. */
  ownUser: boolean;
  /** Its first process does not become the command. */
  staysInit: boolean;
  /** Paths of the host that are mounted, and the plan that opens them before the init is there. */
  binds?: { sources: string[]; plan: Buffer };
  /** What the init does before it parks. */
  setup: Stamped;
  /** What the init does after GO. */
  process: Stamped;
  /** What further commands in the container get of its process: a ProcessBase of `exec.ts` as JSON. */
  base: string;
}

/**
 * Compile a spec.
 *
 * @param id of its container
 */
export function compileSpec(spec: Spec, id: string, options: ProcessOptions = {}): CompiledSpec {
  const flags = cloneFlags(spec);
  const resources = resourcesOf(spec);
  return {
    args: spec.process.args.map(String),
    resources,
    limits: JSON.stringify(resources),
    namespaces: flags & ~CLONE_NEWNET,
    ownNetwork: (flags & CLONE_NEWNET) !== 0,
    ownUser: spec.userNamespace === 'own' || spec.userNamespace === 'nested',
    staysInit: options.init === true,
    binds: bindsPlan(spec),
    setup: stamped(setupPlan(spec, options), id),
    process: stamped(processPlan(spec.process, options), id),
    base: JSON.stringify(processBase(spec.process)),
  };
}

/**
 * Device rules stay where mounts do not enforce them: they take a hierarchy of their own. Of what a user mounts in a user
 * namespace the kernel opens no device; what root mounts for one has them.
 */
function resourcesOf(spec: Spec): Resources {
  const { devices, ...resources } = spec.linux.resources ?? {};
  return needsDeviceCgroup(spec) && (spec.userNamespace ?? 'own') === 'own'
    ? { ...resources, devices }
    : resources;
}

/** A compiled spec that is good for every container which differs in its id alone. */
export class SpecStencil {
  /** @param id of the container that it was compiled for: 64 random hexadecimal digits */
  constructor(
    readonly compiled: CompiledSpec,
    private readonly id: string,
  ) {}

  for(id: string): CompiledSpec {
    const { compiled } = this;
    // Of a process the environment alone has the id in it: its short form, as the host's name.
    const [short, other] = [this.id, id].map(text => text.slice(0, SHORT_ID)) as [string, string];
    return withMembers(compiled, {
      setup: withMembers(compiled.setup, { id }),
      process: withMembers(compiled.process, { id }),
      base: compiled.base.replaceAll(short, other),
    });
  }
}
