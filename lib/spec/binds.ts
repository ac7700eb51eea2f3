import { Operation, PlanWriter } from './plan-encoding';
import type { Mount, Spec } from './types';

/** SKIFF_BIND_ flags of csrc/core/plan.h. */
const READONLY = 1;
const ALONE = 2;

/** Whether it shows a path of the host, instead of a file system of its own. */
export function isBind({ type, options = [] }: Mount): boolean {
  return type === 'bind' || options.includes('rbind') || options.includes('bind');
}

/**
 * Compile what is opened before the init is there: the sources of the bind mounts, in the order of the BIND operations
 * that attach them.
 *
 * @returns undefined where there are none
 */
export function bindsPlan({ mounts }: Spec): { sources: string[]; plan: Buffer } | undefined {
  const binds = mounts.filter(isBind);
  if (binds.length === 0) return undefined;
  const plan = new PlanWriter();
  const sources = new Set<string>();
  for (const { source = '', options = [] } of binds) {
    const alone = options.includes('rbind') ? 0 : ALONE;
    plan.add(
      Operation.BindSource,
      { text: source },
      { u32: alone | (options.includes('ro') ? READONLY : 0) },
    );
    sources.add(source);
  }
  return { sources: [...sources], plan: plan.bytes() };
}
