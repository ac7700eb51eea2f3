import { invalidArgument } from '../../common/errors';
import { ACTIONS, FLAGS, isOperator } from './constants';
import type { SeccompProfile } from './profile';

/** Highest errno, include/linux/err.h: what is above it the kernel cuts down to it. */
const MAX_ERRNO = 4095;
const MAX_VALUE = 2 ** 64;

type Complain = (place: string, reason: string) => never;

/**
 * Refuse what is no profile. What could be taken for "no filter", such as a misspelt name of an action, is refused, too;
 * names of system calls and architectures are not looked at: they may be those of another machine.
 *
 * @param origin for messages
 * @throws SkiffError INVALID_ARGUMENT that names the place
 */
export function checkProfile(value: unknown, origin: string): SeccompProfile {
  const complain: Complain = (place, reason) => {
    throw invalidArgument(`invalid seccomp profile: ${origin}: ${place}: ${reason}`, { path: origin });
  };
  const profile = object(value, 'profile', complain);
  checkAction(profile.defaultAction, 'defaultAction', complain);
  checkErrno(profile.defaultErrnoRet, 'defaultErrnoRet', complain);
  if (profile.architectures && (profile.archMap as unknown[] | undefined)?.length) {
    complain('architectures', 'it excludes archMap');
  }
  texts(profile.architectures, 'architectures', complain);
  for (const flag of texts(profile.flags, 'flags', complain)) {
    if (!Object.hasOwn(FLAGS, flag)) complain('flags', `${flag} is not supported`);
  }
  list(profile.archMap, 'archMap', complain).forEach((entry, at) => {
    const { architecture, subArchitectures } = object(entry, `archMap[${at}]`, complain);
    if (typeof architecture !== 'string') complain(`archMap[${at}].architecture`, 'a text is needed');
    texts(subArchitectures, `archMap[${at}].subArchitectures`, complain);
  });
  list(profile.syscalls, 'syscalls', complain).forEach((rule, at) =>
    checkRule(rule, `syscalls[${at}]`, complain),
  );
  return value as SeccompProfile;
}

function checkRule(value: unknown, place: string, complain: Complain): void {
  const rule = object(value, place, complain);
  if (texts(rule.names, `${place}.names`, complain).length === 0)
    complain(`${place}.names`, 'a name is needed');
  checkAction(rule.action, `${place}.action`, complain);
  checkErrno(rule.errnoRet, `${place}.errnoRet`, complain);
  list(rule.args, `${place}.args`, complain).forEach((arg, at) =>
    checkArgument(arg, `${place}.args[${at}]`, complain),
  );
  for (const name of ['includes', 'excludes'] as const) {
    const { caps, arches, minKernel } = object(rule[name] ?? {}, `${place}.${name}`, complain);
    texts(caps, `${place}.${name}.caps`, complain);
    texts(arches, `${place}.${name}.arches`, complain);
    if (minKernel !== undefined && !(typeof minKernel === 'string' && /^(\d+\.\d+)?$/.test(minKernel)))
      complain(`${place}.${name}.minKernel`, 'such as 4.8');
  }
}

function checkArgument(value: unknown, place: string, complain: Complain): void {
  const { index, value: one, valueTwo = 0, op } = object(value, place, complain);
  if (!isWhole(index, 5)) complain(`${place}.index`, '0 to 5 is needed');
  for (const number of [one, valueTwo]) {
    if (!isWhole(number, MAX_VALUE)) complain(`${place}.value`, 'a whole number of 64 bits is needed');
    // What JSON.parse has rounded may have been another number. The largest of all is what it is rounded to.
    if ((number as number) > Number.MAX_SAFE_INTEGER && number !== MAX_VALUE) {
      complain(`${place}.value`, 'numbers between 2^53 and 2^64-1 can not be told from each other');
    }
  }
  if (!isOperator(op)) complain(`${place}.op`, `unknown: ${String(op)}`);
}

function checkAction(value: unknown, place: string, complain: Complain): void {
  if (typeof value === 'string' && Object.hasOwn(ACTIONS, value)) return;
  complain(
    place,
    value === 'SCMP_ACT_NOTIFY' ? 'SCMP_ACT_NOTIFY is not supported' : `unknown: ${String(value)}`,
  );
}

function checkErrno(value: unknown, place: string, complain: Complain): void {
  if (value !== undefined && value !== null && !isWhole(value, MAX_ERRNO)) {
    complain(place, `a whole number up to ${MAX_ERRNO} is needed`);
  }
}

function isWhole(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

function object(value: unknown, place: string, complain: Complain): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  return complain(place, 'an object is needed');
}

function list(value: unknown, place: string, complain: Complain): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : complain(place, 'a list is needed');
}

function texts(value: unknown, place: string, complain: Complain): string[] {
  return list(value, place, complain).map(item =>
    typeof item === 'string' ? item : complain(place, 'texts are needed'),
  );
}
