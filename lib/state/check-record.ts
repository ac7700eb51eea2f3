import type { IdRange } from '../common/id-range';
import type { ProcessIdentity } from '../common/identity';
import { CONTAINER_STATUSES, RECORD_VERSION, type ContainerRecord } from './record';

type Check = (value: unknown) => boolean;

const isText: Check = value => typeof value === 'string';
const isNumber: Check = value => typeof value === 'number';
const isFlag: Check = value => typeof value === 'boolean';
const isStatus: Check = value => (CONTAINER_STATUSES as readonly unknown[]).includes(value);
/** Of milliseconds since the epoch, ECMA-262 "Time Values and Time Range". */
const isTime: Check = value => typeof value === 'number' && Math.abs(value) <= 8.64e15;
const isTexts: Check = value => Array.isArray(value) && value.every(isText);
const isObject: Check = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isLabels: Check = value => isObject(value) && Object.values(value as object).every(isText);
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value);

type Unchecked<T> = { [Name in keyof T]?: unknown };

const isIdentity: Check = value => {
  if (!isObject(value)) return false;
  const { pid, startTime, bootId, pidNamespace } = value as Unchecked<ProcessIdentity>;
  return Number.isInteger(pid) && Number.isInteger(startTime) && isText(bootId) && isText(pidNamespace);
};

const STATE = {
  status: isStatus,
  monitor: optional(isIdentity),
  init: optional(isIdentity),
  startedAt: optional(isTime),
  finishedAt: optional(isTime),
  exitCode: optional(isNumber),
  oomKilled: optional(isFlag),
  error: optional(isText),
  restartCount: optional(isNumber),
  logLinesLost: optional(isNumber),
} satisfies Record<keyof NonNullable<ContainerRecord['state']>, Check>;

const MOUNT = {
  type: type => ['bind', 'volume', 'tmpfs'].includes(type as string),
  name: optional(isText),
  source: isText,
  destination: isText,
  readOnly: isFlag,
  anonymous: optional(isFlag),
  idmap: optional(isFlag),
  subpath: optional(isText),
  propagation: optional(isText),
} satisfies Record<keyof NonNullable<ContainerRecord['mounts']>[number], Check>;

const isMounts: Check = value => Array.isArray(value) && value.every(mount => has(mount, MOUNT));

const isNumberOrNone = (value: unknown) => value === undefined || isNumber(value);
const ID_RANGE = {
  uid: isNumber,
  gid: isNumber,
  count: isNumber,
  callerUid: isNumberOrNone,
  callerGid: isNumberOrNone,
} satisfies Record<keyof IdRange, Check>;

/** Whether it is the whole record of that container; of a record of a later version nothing is known but its version. */
export function isRecord(value: unknown, ownId: string): value is ContainerRecord {
  if (!isObject(value)) return false;
  const record = value as Unchecked<ContainerRecord>;
  if (record.version !== RECORD_VERSION) return isNumber(record.version);
  const { options } = record as Partial<ContainerRecord>;
  // What a detached container is started from again.
  const isStartable = !record.detached || Array.isArray(options?.command);
  return record.id === ownId && isStartable && hasNeeded(record) && hasOptional(record);
}

/**
 * These two are written out, and so is an identity: a list checks a thousand records, and to go through names in a loop
 * takes it nearly as long as to parse them.
 */
function hasNeeded({
  name,
  status,
  owner,
  created,
  image,
  command,
  driver,
}: Unchecked<ContainerRecord>): boolean {
  return (
    isText(name) &&
    isStatus(status) &&
    isIdentity(owner) &&
    isTime(created) &&
    isText(image) &&
    isTexts(command) &&
    isText(driver)
  );
}

function hasOptional(record: Unchecked<ContainerRecord>): boolean {
  const { imageId, init, cgroupPaths, exitCode, detached, layers, labels, mounts, process } = record;
  const { ids, options, state, started } = record;
  return (
    (imageId === undefined || isText(imageId)) &&
    (init === undefined || isIdentity(init)) &&
    (cgroupPaths === undefined || isTexts(cgroupPaths)) &&
    (exitCode === undefined || isNumber(exitCode)) &&
    (detached === undefined || isFlag(detached)) &&
    (layers === undefined || isTexts(layers)) &&
    (labels === undefined || isLabels(labels)) &&
    (mounts === undefined || isMounts(mounts)) &&
    (process === undefined || isText(process)) &&
    (ids === undefined || has(ids, ID_RANGE)) &&
    (options === undefined || isObject(options)) &&
    (state === undefined || has(state, STATE)) &&
    (started === undefined || isText(started))
  );
}

function has(value: unknown, checks: Readonly<Record<string, Check>>): boolean {
  if (!isObject(value)) return false;
  const object = value as Record<string, unknown>;
  for (const name in checks) if (!checks[name]!(object[name])) return false;
  return true;
}
