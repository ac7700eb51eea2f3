import { invalidArgument } from '../../common/errors';
import { abisOf, GO_ARCHES, X32_BIT, X32_FIRST, type Abi, type Machine } from './abis';
import { BpfProgram, type Label } from './bpf';
import { argumentMatches, type Check } from './conditions';
import { ACTIONS, FLAGS } from './constants';
import defaultProfile from './default.json';
import type { SeccompAction, SeccompCondition, SeccompProfile, SeccompRule } from './profile';
import { parseProfile } from './parse-profile';
import sandboxProfile from './sandbox.json';

export { parseProfile };

/** What the conditions of a profile are about. */
export interface SeccompTarget {
  machine: Machine;
  /** Names of the capabilities that the container can have. */
  capabilities: readonly string[];
  /** Such as `6.1.0`: os.release(). */
  kernel: string;
}

/** A filter as seccomp(2) takes it. */
export interface SeccompFilter {
  /** SECCOMP_FILTER_FLAG_ bits. */
  flags: number;
  /** struct sock_filter, one after the other, in base64: a container's record has it, for what is executed in it later. */
  program: string;
}

/** The profiles that come with skiff: Docker's and podman's common default, and a tight one for `--profile sandbox`. */
export function builtinProfile(name: 'default' | 'sandbox'): SeccompProfile {
  return (name === 'default' ? defaultProfile : sandboxProfile) as SeccompProfile;
}

const EPERM = 1;
const ENOSYS = 38;
/** Offsets in struct seccomp_data. */
const NUMBER = 0;
const ARCHITECTURE = 4;

/** What becomes of one system call: the first rule whose conditions hold, else `otherwise`. */
interface Decision {
  rules: { checks: Check[]; verdict: number }[];
  otherwise: number;
  /** A rule without conditions has decided: the first of them counts. */
  decided?: boolean;
}

/**
 * Compile a profile to BPF. Per ABI: calls that were not known when this was built answer ENOSYS, as of a kernel that
 * does not have them either (where the profile denies at all); a C library then takes an older one, and EPERM would make
 * it give up. Of a call's rules those with conditions come first, in their order. A program of an
 * architecture that the profile does not name is ended, as by libseccomp; x32's calls are as of a kernel without x32 then.
 *
 * @throws SkiffError INVALID_ARGUMENT where the program is longer than the kernel takes
 */
export function compileFilter(profile: SeccompProfile, target: SeccompTarget): SeccompFilter {
  const abis = chosenAbis(profile, target.machine);
  const rules = (profile.syscalls ?? []).filter(rule => applies(rule, target));
  const program = new BpfProgram();
  const kill = program.return(ACTIONS.SCMP_ACT_KILL_PROCESS);
  const [native, ...others] = abis.map(abi => ({ abi, entry: abiProgram(program, abi, profile, rules) }));
  let next = kill;
  for (const { abi, entry } of others) {
    if (abi.base === 0) next = program.jump('equal', abi.audit, program.load(NUMBER, entry), next);
  }
  if (native) {
    const x32 = others.find(({ abi }) => abi.scmp === 'SCMP_ARCH_X32');
    const entry = nativeEntry(program, target, native.entry, x32?.entry);
    next = program.jump('equal', native.abi.audit, entry, next);
  }
  program.load(ARCHITECTURE, next);
  return { flags: flagsOf(profile), program: program.bytes().toString('base64') };
}

function nativeEntry(
  program: BpfProgram,
  { machine }: SeccompTarget,
  entry: Label,
  x32: Label | undefined,
): Label {
  if (machine !== 'x64') return program.load(NUMBER, entry);
  // Below its own numbers x32 has those of x86-64: whatever it lacks of them its kernel refuses by itself.
  const other = x32
    ? program.and(~X32_BIT, program.jump('atLeast', X32_FIRST, x32, entry))
    : program.return(verdict('SCMP_ACT_ERRNO', ENOSYS));
  return program.load(NUMBER, program.jump('atLeast', X32_BIT, other, entry));
}

/** The native ABI is always one of them: the container's own programs are of it. */
function chosenAbis({ architectures, archMap }: SeccompProfile, machine: Machine): Abi[] {
  const [native, ...others] = abisOf(machine);
  const mapped = archMap?.find(({ architecture }) => architecture === native!.scmp)?.subArchitectures;
  const named = architectures ?? mapped ?? [];
  return [native!, ...others.filter(({ scmp }) => named.includes(scmp))];
}

function applies({ includes = {}, excludes = {} }: SeccompRule, target: SeccompTarget): boolean {
  const { caps = [], arches = [], minKernel } = includes;
  if (arches.length > 0 && !arches.some(arch => GO_ARCHES[target.machine].includes(arch))) return false;
  if (!caps.every(cap => target.capabilities.includes(cap))) return false;
  if (minKernel && !isAtLeast(target.kernel, minKernel)) return false;
  return !isExcluded(excludes, target);
}

function isExcluded({ caps = [], arches = [], minKernel }: SeccompCondition, target: SeccompTarget): boolean {
  return (
    caps.some(cap => target.capabilities.includes(cap)) ||
    arches.some(arch => GO_ARCHES[target.machine].includes(arch)) ||
    (minKernel !== undefined && minKernel !== '' && isAtLeast(target.kernel, minKernel))
  );
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** @returns where it begins; the number is loaded there */
function abiProgram(program: BpfProgram, abi: Abi, profile: SeccompProfile, rules: SeccompRule[]): Label {
  const fallback = verdict(profile.defaultAction, profile.defaultErrnoRet);
  const decisions = new Map<number, Decision>();
  for (const number of abi.syscalls.values()) {
    if (number >= abi.first) decisions.set(number, { rules: [], otherwise: fallback });
  }
  for (const rule of rules) addRule(rule, abi, decisions, fallback);
  const unknown = isDenial(profile.defaultAction) ? verdict('SCMP_ACT_ERRNO', ENOSYS) : fallback;
  return searchTree(program, spansOf(decisions, { rules: [], otherwise: unknown }, abi.first));
}

function addRule(rule: SeccompRule, abi: Abi, decisions: Map<number, Decision>, fallback: number): void {
  const value = verdict(rule.action, rule.errnoRet);
  const alternatives = alternativesOf(rule);
  // runc passes over what is decided so anyway; and an earlier or later rule of the same call counts.
  if (value === fallback && alternatives.length === 0) return;
  for (const name of rule.names) {
    // Of another architecture, or of a newer kernel.
    const decision = decisions.get(abi.syscalls.get(name) ?? -1);
    if (!decision) continue;
    for (const checks of alternatives) decision.rules.push({ checks, verdict: value });
    if (alternatives.length > 0 || decision.decided) continue;
    decision.otherwise = value;
    decision.decided = true;
  }
}

/** All conditions of a rule must hold; but two on the same argument are alternatives, as runc has it. */
function alternativesOf({ args }: SeccompRule): Check[][] {
  const checks = args ?? [];
  if (checks.length === 0) return [];
  const indices = new Set(checks.map(({ index }) => index));
  return indices.size === checks.length ? [checks] : checks.map(check => [check]);
}

function verdict(action: SeccompAction, data: number | null | undefined): number {
  const value = ACTIONS[action];
  return action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE' ? value | (data ?? EPERM) : value;
}

/** What is neither carried out nor handed to somebody who decides. */
function isDenial(action: SeccompAction): boolean {
  return !['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE'].includes(action);
}

/** From this number on, up to the next span. */
interface Span {
  start: number;
  decision: Decision;
}

/** Neighbours with the same decision are one span; between and behind the known numbers all is unknown. */
function spansOf(decisions: ReadonlyMap<number, Decision>, unknown: Decision, first: number): Span[] {
  const spans: Span[] = [];
  const add = (start: number, decision: Decision) => {
    const last = spans.at(-1);
    if (!last || !isSame(last.decision, decision)) spans.push({ start, decision });
  };
  let next = first;
  for (const [number, decision] of [...decisions].sort(([a], [b]) => a - b)) {
    if (number > next) add(next, unknown);
    add(number, decision);
    next = number + 1;
  }
  add(next, unknown);
  return spans;
}

function isSame(a: Decision, b: Decision): boolean {
  return a === b || (a.rules.length === 0 && b.rules.length === 0 && a.otherwise === b.otherwise);
}

/** Halve until one is left: eight comparisons for what a list would take hundreds. */
function searchTree(program: BpfProgram, spans: readonly Span[]): Label {
  const [first, second] = spans;
  if (!second) return decide(program, first!.decision);
  const middle = spans.length >> 1;
  const right = searchTree(program, spans.slice(middle));
  const left = searchTree(program, spans.slice(0, middle));
  return program.jump('atLeast', spans[middle]!.start, right, left);
}

function decide(program: BpfProgram, { rules, otherwise }: Decision): Label {
  let next = program.return(otherwise);
  for (const { checks, verdict } of [...rules].reverse()) {
    const failed = next;
    next = checks.reduceRight<Label>(
      (matched, check) => argumentMatches(program, check, matched, failed),
      program.return(verdict),
    );
  }
  return next;
}

function flagsOf({ flags = ['SECCOMP_FILTER_FLAG_SPEC_ALLOW'] }: SeccompProfile): number {
  return flags.reduce((bits, flag) => {
    const bit = FLAGS[flag];
    if (bit === undefined) throw invalidArgument(`unknown flag of a seccomp profile: ${flag}`);
    return bits | bit;
  }, 0);
}
