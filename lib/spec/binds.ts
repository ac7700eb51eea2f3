import fs from 'node:fs';
import { defaultDevices, isRestricted } from './devices';
import { Operation, PlanWriter } from './plan-encoding';
import type { Mount, Spec } from './types';

/** SKIFF_BIND_ flags of csrc/core/plan.h. */
const SLAVE = 1;
const SHARED = 2;
const PROPAGATE_ALONE = 4;
const READONLY = 8;
const WRITE_BELOW = 16;
const ALONE = 32;
const NODEV = 64;
const SHIFTED = 128;
const EARLY = 256;

/** As many as make it worth while to copy the caller's mounts. */
const MANY = 64;

/** Options of a bind mount, as mount(8) and the OCI runtime spec have them (config.md, "Linux mount options"). */
const FLAGS: Record<string, number> = {
  ro: READONLY | WRITE_BELOW,
  rro: READONLY,
  private: PROPAGATE_ALONE,
  slave: SLAVE | PROPAGATE_ALONE,
  rslave: SLAVE,
  shared: SHARED | PROPAGATE_ALONE,
  rshared: SHARED,
  idmap: SHIFTED,
};

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
export function bindsPlan(spec: Spec): { sources: string[]; plan: Buffer } | undefined {
  const binds = spec.mounts.filter(isBind);
  if (binds.length === 0) return undefined;
  const plan = new PlanWriter();
  const restricted = isRestricted(spec);
  const sources = new Set<string>();
  const flags = binds.map(({ source = '', options = [] }) => {
    const nodev = restricted && !options.includes('dev') && !isHarmlessDevice(source) ? NODEV : 0;
    return flagsOf(options) | nodev;
  });
  const early = binds.length >= MANY && flags.every(each => each === NODEV) && mayBeEarly(spec, binds);
  for (const [index, { source = '', subpath = '', destination }] of binds.entries()) {
    plan.add(
      Operation.BindSource,
      { text: source },
      { text: subpath },
      { u32: early ? flags[index]! | EARLY : flags[index]! },
      { text: early ? destination : '' },
    );
    sources.add(source);
  }
  return { sources: [...sources], plan: plan.bytes() };
}

/** Nothing else is mounted on, above or below a target: the order among them does not matter. */
function mayBeEarly({ userNamespace, mounts, linux }: Spec, binds: readonly Mount[]): boolean {
  if (userNamespace !== undefined || binds.some(({ subpath }) => subpath !== undefined)) return false;
  const others = mounts.filter(mount => !isBind(mount)).map(({ destination }) => destination);
  const places = [...others, ...(linux.devices ?? []).map(({ path }) => path)].map(place => `${place}/`);
  return binds.every(({ destination }) => {
    const target = `${destination}/`;
    return places.every(place => !target.startsWith(place) && !place.startsWith(target));
  });
}

function flagsOf(options: readonly string[]): number {
  const alone = options.includes('rbind') ? 0 : ALONE;
  return options.reduce((flags, option) => flags | (FLAGS[option] ?? 0), alone);
}

/** Every container has it anyway: `-v /dev/null:/etc/motd` is a way to hide a file. */
function isHarmlessDevice(source: string): boolean {
  if (!source.startsWith('/dev/')) return false;
  const known = defaultDevices().find(({ path }) => path === source);
  const about = known && fs.statSync(source, { throwIfNoEntry: false });
  return about?.isCharacterDevice() === true && about.rdev === known!.major * 256 + known!.minor;
}
