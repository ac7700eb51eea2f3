import type { SpecStencil } from '../spec/compiled';
import type { Word } from '../spec/types';
import type { StartOptions } from './options';

type Values = Readonly<Record<string, unknown>>;

/**
 * What is known of a start from the one before it, where both ask for the same. Only of such as say it without objects:
 * these may have changed and be the same.
 */
export class LastStart {
  /** What it was compiled to, for an image. */
  compiled: { image: string; stencil: SpecStencil } | undefined;

  private constructor(
    private readonly command: readonly Word[],
    private readonly options: Values,
  ) {}

  /** @returns undefined where it does not do */
  static of(command: readonly Word[], options: StartOptions): LastStart | undefined {
    const values: Values = { ...options };
    const isPlain = [...command, ...Object.values(values)].every(value => typeof value !== 'object');
    return isPlain ? new LastStart([...command], values) : undefined;
  }

  isSame(command: readonly Word[], options: StartOptions): boolean {
    const known = this.command;
    if (command.length !== known.length) return false;
    for (let i = 0; i < known.length; i += 1) if (command[i] !== known[i]) return false;
    return hasAllOf(this.options, options as Values) && hasAllOf(options as Values, this.options);
  }
}

/** By for...in: what Object.entries() makes takes longer than all of the comparison. */
function hasAllOf(one: Values, other: Values): boolean {
  for (const name in other) if (one[name] !== other[name]) return false;
  return true;
}
