import type { DeviceRule } from '../common/resources';
import type { RequestedDevice } from './host-devices';
import type { Device, Spec } from './types';

/** The device nodes every container has (OCI runtime spec, config-linux.md "Default Devices"). */
export function defaultDevices(): Device[] {
  const node = (path: string, major: number, minor: number): Device => ({
    path,
    type: 'c',
    major,
    minor,
    fileMode: 0o666,
    uid: 0,
    gid: 0,
  });
  return [
    node('/dev/null', 1, 3),
    node('/dev/zero', 1, 5),
    node('/dev/full', 1, 7),
    node('/dev/random', 1, 8),
    node('/dev/urandom', 1, 9),
    node('/dev/tty', 5, 0),
  ];
}

/** No restriction. */
export const ALL_DEVICES: DeviceRule = { allow: true, access: 'rwm' };

const NO_DEVICES: DeviceRule = { allow: false, access: 'rwm' };

/** Terminals, beside the nodes of {@link defaultDevices}: consoles, the multiplexer, and those of devpts. */
const TERMINALS: readonly [major: number, minor: number][] = [
  [5, 1],
  [5, 2],
  [136, -1],
];

/**
 * The rules of a container's devices: Docker's, and those asked for. Nodes of any kind may be made, since only those
 * allowed can be opened.
 */
export function toDevices(asked: readonly RequestedDevice[]): DeviceRule[] {
  const allow = (type: 'b' | 'c', major: number, minor: number, access = 'rwm'): DeviceRule => ({
    allow: true,
    type,
    major,
    minor,
    access,
  });
  return [
    NO_DEVICES,
    allow('c', -1, -1, 'm'),
    allow('b', -1, -1, 'm'),
    ...defaultDevices().map(({ major, minor }) => allow('c', major, minor)),
    ...TERMINALS.map(([major, minor]) => allow('c', major, minor)),
    ...asked.flatMap(({ type, major, minor, access }) =>
      type === 'p' ? [] : [allow(type, major, minor, access)],
    ),
  ];
}

/** Whether all devices are denied but those that rules name. */
export function isRestricted({ linux }: Spec): boolean {
  const first = linux.resources?.devices?.[0];
  return first !== undefined && !first.allow && (first.major ?? -1) < 0 && (first.type ?? 'a') === 'a';
}

/**
 * Whether mounts without devices, which cost next to nothing, are not enough to enforce the rules: who has CAP_SYS_ADMIN
 * can mount others, and a node that may only be read could be written to.
 */
export function needsDeviceCgroup(spec: Spec): boolean {
  if (!isRestricted(spec)) return false;
  const mounts = spec.process.capabilities?.bounding.includes('CAP_SYS_ADMIN') ?? true;
  return mounts || (spec.linux.resources?.devices ?? []).some(isPartial);
}

function isPartial({ allow, major = -1, access = '' }: DeviceRule): boolean {
  return allow && major >= 0 && !(access.includes('r') && access.includes('w'));
}

/** What of /proc and /sys is hidden: it tells of the host, or of its memory (moby's list). */
export const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** What of /proc can be read only: writing there changes the host (moby's list). */
export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
