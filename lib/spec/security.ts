import path from 'node:path';
import { invalidArgument } from '../common/errors';
import { capabilitySets, containerCapabilities, type CapabilityOptions } from './capabilities';
import { capabilityNames } from './capability-mask';
import { ALL_DEVICES, toDevices } from './devices';
import { hostDevices, requestedDevices } from './host-devices';
import type { SeccompChoice } from './seccomp/filters';
import { chooseLabel, type LabelChoice } from './security-labels';
import type { Spec } from './types';

/** What of the start options decides how a container is shut in. */
export interface SecurityOptions extends CapabilityOptions {
  devices?: readonly string[];
  securityOpt?: readonly string[];
  noNewPrivileges?: boolean;
  oomScoreAdj?: number;
  shmSize?: number | string;
}

/** What `--security-opt` can say. */
interface SecurityFlags {
  noNewPrivileges?: boolean;
  seccomp?: string;
  /** /proc and /sys as the kernel has them. */
  openSystemPaths?: boolean;
  labels: LabelChoice;
}

/** How a container is shut in. */
export interface Security {
  /** Names of the capabilities that its root has, and nobody in it can get beyond. */
  capabilities: string[];
  noNewPrivileges: boolean;
  seccomp: SeccompChoice;
  openSystemPaths: boolean;
}

/**
 * Docker's defaults, and what the options make of them.
 *
 * @param held capabilities that this process could hand on, as the kernel's bit mask; asked where all of them are
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function toSecurity(options: SecurityOptions, held: () => bigint): Security {
  const flags = parseSecurityOpts(options.securityOpt ?? []);
  const { capAdd = [], privileged = false } = options;
  const askAll = privileged || capAdd.some(name => /^(cap_)?all$/i.test(name.trim()));
  const noNewPrivileges = flags.noNewPrivileges ?? options.noNewPrivileges ?? false;
  // Without, a filter comes before the capabilities go, and this one lets nobody give any up.
  if (flags.seccomp === 'sandbox' && !noNewPrivileges)
    throw invalidArgument('seccomp=sandbox works with no-new-privileges alone', {
      remedy: 'Add --security-opt no-new-privileges, or take --profile sandbox, which has both.',
    });
  return {
    capabilities: containerCapabilities(options, askAll ? capabilityNames(held()) : []),
    noNewPrivileges,
    seccomp: toSeccomp(flags.seccomp, privileged),
    openSystemPaths: privileged || (flags.openSystemPaths ?? false),
  };
}

/**
 * What labels the options ask for.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function toLabels({ securityOpt = [] }: SecurityOptions): LabelChoice {
  return parseSecurityOpts(securityOpt).labels;
}

function toSeccomp(given: string | undefined, privileged: boolean): SeccompChoice {
  if (given === undefined) return privileged ? { kind: 'none' } : { kind: 'builtin', name: 'default' };
  if (given === 'unconfined') return { kind: 'none' };
  if (given === 'builtin') return { kind: 'builtin', name: 'default' };
  if (given === 'sandbox') return { kind: 'builtin', name: 'sandbox' };
  return { kind: 'file', path: path.resolve(given) };
}

/** Each `name=value`, or `name:value` as older versions of Docker have it, or `no-new-privileges` alone. */
function parseSecurityOpts(texts: readonly string[]): SecurityFlags {
  const flags: SecurityFlags = { labels: {} };
  for (const text of texts) {
    const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(text) ?? [];
    if (name === 'no-new-privileges') flags.noNewPrivileges = toFlag(value ?? 'true', text);
    else if (name === 'seccomp' && value) flags.seccomp = value;
    else if (name === 'systempaths' && value === 'unconfined') flags.openSystemPaths = true;
    else if (value && chooseLabel(flags.labels, name, value)) continue;
    else throw invalidArgument(`invalid --security-opt: ${JSON.stringify(text)}`);
  }
  return flags;
}

function toFlag(value: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalidArgument(`invalid --security-opt: ${JSON.stringify(text)}`);
}

/**
 * Write into a spec how its container is shut in.
 *
 * @throws SkiffError INVALID_ARGUMENT, and for a device that is not there
 */
export function applySecurity(spec: Spec, security: Security, options: SecurityOptions): void {
  spec.process.capabilities = capabilitySets(security.capabilities);
  spec.process.noNewPrivileges = security.noNewPrivileges;
  if (options.oomScoreAdj !== undefined) spec.process.oomScoreAdj = checkOomScore(options.oomScoreAdj);
  if (security.openSystemPaths) {
    spec.linux.maskedPaths = [];
    spec.linux.readonlyPaths = [];
  }
  const asked = requestedDevices(options.devices ?? []);
  const { privileged = false } = options;
  const added = privileged ? hostDevices() : [];
  // What is asked for under a name takes the place of what is there by default.
  const nodes = new Map([...(spec.linux.devices ?? []), ...added, ...asked].map(node => [node.path, node]));
  spec.linux.devices = [...nodes.values()];
  spec.linux.resources = {
    ...spec.linux.resources,
    devices: privileged ? [ALL_DEVICES] : toDevices(asked),
  };
  if (privileged) openSysfs(spec);
}

function openSysfs(spec: Spec): void {
  spec.mounts = spec.mounts.map(mount =>
    mount.type === 'sysfs' ? { ...mount, options: mount.options?.filter(option => option !== 'ro') } : mount,
  );
}

function checkOomScore(score: number): number {
  if (Number.isInteger(score) && score >= -1000 && score <= 1000) return score;
  throw invalidArgument(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
}
