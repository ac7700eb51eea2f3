import type { Resources } from '../common/resources';
import { bindsPlan } from './binds';
import { needsDeviceCgroup } from './devices';
import { processBase } from './exec';
import { cloneFlags, CLONE_NEWNET, processPlan, setupPlan, type ProcessOptions } from './plan';
import type { Spec } from './types';

/** A spec as a start needs it: its plans, and what else of it decides something. */
export interface CompiledSpec {
  /** Program and arguments. */
  args: string[];
  resources: Resources;
  /** CLONE_NEW flags of all new namespaces but the network's. */
  namespaces: number;
  /** It has a network namespace of its own. */
  ownNetwork: boolean;
  /** It has a user namespace of its own. */
  ownUser: boolean;
  /** Paths of the host that are mounted, and the plan that opens them before the init is there. */
  binds?: { sources: string[]; plan: Buffer };
  /** What the init does before it parks. */
  setup: Buffer;
  /** What the init does after GO. */
  process: Buffer;
  /** What further commands in the container get of its process: a ProcessBase of `exec.ts` as JSON. */
  base: string;
}

/** Compile a spec. */
export function compileSpec(spec: Spec, options: ProcessOptions = {}): CompiledSpec {
  const flags = cloneFlags(spec);
  return {
    args: spec.process.args.map(String),
    resources: resourcesOf(spec),
    namespaces: flags & ~CLONE_NEWNET,
    ownNetwork: (flags & CLONE_NEWNET) !== 0,
    ownUser: spec.userNamespace === 'own' || spec.userNamespace === 'nested',
    binds: bindsPlan(spec),
    setup: setupPlan(spec, options),
    process: processPlan(spec.process, options),
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

/** Length of the short form of an id, which is a container's host name where none is given. */
const SHORT_ID = 12;

/**
 * Bytes in which a container's id stands, in full or short. Every other container of the same options has its own id in
 * the same places, and all else alike.
 */
class Stencil {
  private readonly places: { at: number; length: number }[] = [];

  /** @param id of random digits, so that what looks like it is it */
  constructor(
    private readonly bytes: Buffer,
    id: string,
  ) {
    for (let at = 0; (at = bytes.indexOf(id.slice(0, SHORT_ID), at, 'latin1')) >= 0;) {
      const whole = bytes.indexOf(id, at, 'latin1') === at;
      const length = whole ? id.length : SHORT_ID;
      this.places.push({ at, length });
      at += length;
    }
  }

  /** The same for another id of the same length. */
  for(id: string): Buffer {
    // Buffer.from() takes longer than all the rest of it.
    const bytes = Buffer.allocUnsafe(this.bytes.length);
    this.bytes.copy(bytes);
    for (const { at, length } of this.places) bytes.write(id, at, length, 'latin1');
    return bytes;
  }
}

/** A compiled spec that is good for every container which differs in its id alone. */
export class SpecStencil {
  private readonly setup: Stencil;
  private readonly process: Stencil;

  /** @param id of the container that it was compiled for: 64 random hexadecimal digits */
  constructor(
    private readonly compiled: CompiledSpec,
    private readonly id: string,
  ) {
    this.setup = new Stencil(compiled.setup, id);
    this.process = new Stencil(compiled.process, id);
  }

  for(id: string): CompiledSpec {
    const { compiled } = this;
    // Of a process the environment alone has the id in it: its short form, as the host's name.
    const [short, other] = [this.id, id].map(text => text.slice(0, SHORT_ID)) as [string, string];
    return {
      ...compiled,
      setup: this.setup.for(id),
      process: this.process.for(id),
      base: compiled.base.replaceAll(short, other),
    };
  }
}
