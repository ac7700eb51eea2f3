import type { Device } from './types';

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
