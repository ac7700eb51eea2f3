import type { SpecStencil } from '../spec/compiled';
import type { Mount, Word } from '../spec/types';
import type { StartOptions } from './options';

type Values = Readonly<Record<string, unknown>>;

/** What a start was compiled to. */
interface Compiled {
  image: string;
  /** The list itself: it is another one where it says something else. */
  mounts: readonly Mount[];
  stencil: SpecStencil;
}

/** What these name is looked at in each start: files of the host, its devices, other containers. */
const LOOKED_AT = ['securityOpt', 'devices', 'volumesFrom'] as const;

/**
 * What is known of a start from the one before it, where both ask for the same. Only of such as say it by plain values, and
 * by lists and objects of these, which are copied: they may have changed and be the same.
 */
export class LastStart {
  compiled: Compiled | undefined;

  private constructor(
    private readonly command: readonly Word[],
    private readonly options: Values,
  ) {}

  /** @returns undefined where it does not do */
  static of(command: readonly Word[], options: StartOptions): LastStart | undefined {
    if (!command.every(isPlain) || LOOKED_AT.some(name => options[name] !== undefined)) return undefined;
    const copied: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(options)) {
      const copy = copyOf(value);
      if (copy === undefined && value !== undefined) return undefined;
      copied[name] = copy;
    }
    return new LastStart([...command], copied);
  }

  isSame(command: readonly Word[], options: StartOptions): boolean {
    return areSameLists(this.command, command) && areSameObjects(this.options, options as Values);
  }
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** Undefined where it cannot be told by its copy whether it has changed. */
function copyOf(value: unknown): unknown {
  if (isPlain(value)) return value;
  if (Array.isArray(value)) return value.every(isPlain) ? [...(value as unknown[])] : undefined;
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  return Object.values(value as Values).every(isPlain) ? { ...(value as Values) } : undefined;
}

function areSame(known: unknown, value: unknown): boolean {
  if (known === value) return true;
  if (isPlain(known) || isPlain(value) || Array.isArray(known) !== Array.isArray(value)) return false;
  if (Array.isArray(known)) return areSameLists(known, value as unknown[]);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  // In the same order: an environment is in the order in which it is said.
  return (
    areSameLists(Object.keys(known as Values), Object.keys(value as Values)) &&
    areSameObjects(known as Values, value as Values)
  );
}

function areSameLists(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
}

/** By for...in: what Object.entries() makes takes longer than all of the comparison. */
function areSameObjects(known: Values, value: Values): boolean {
  for (const name in value) if (!areSame(known[name], value[name])) return false;
  for (const name in known) if (known[name] !== undefined && value[name] === undefined) return false;
  return true;
}
