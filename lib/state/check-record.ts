import type { IdRange } from '../common/id-range';
import type { ProcessIdentity } from '../common/identity';
import { CONTAINER_STATUSES, RECORD_VERSION, type ContainerRecord } from './record';

type Check = (value: unknown) => boolean;

const isText: Check = value => typeof value === 'string';
const isNumber: Check = value => typeof value === 'number';
const isFlag: Check = value => typeof value === 'boolean';
const isStatus: Check = value => CONTAINER_STATUSES.some(status => status === value);
/** Of milliseconds since the epoch, ECMA-262 "Time Values and Time Range". */
const isTime: Check = value => typeof value === 'number' && Math.abs(value) <= 8.64e15;
const isTexts: Check = value => Array.isArray(value) && value.every(isText);
const isObject: Check = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isLabels: Check = value => isObject(value) && Object.values(value as object).every(isText);
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value);

const IDENTITY = {
  pid: Number.isInteger,
  startTime: Number.isInteger,
  bootId: isText,
  pidNamespace: isText,
} satisfies Record<keyof ProcessIdentity, Check>;
const isIdentity: Check = value => has(value, IDENTITY);

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

const ID_RANGE = { uid: isNumber, gid: isNumber, count: isNumber } satisfies Record<keyof IdRange, Check>;

const RECORD = {
  version: isNumber,
  id: isText,
  name: isText,
  status: isStatus,
  owner: isIdentity,
  created: isTime,
  image: isText,
  imageId: optional(isText),
  command: isTexts,
  driver: isText,
  init: optional(isIdentity),
  cgroupPaths: optional(isTexts),
  exitCode: optional(isNumber),
  detached: optional(isFlag),
  layers: optional(isTexts),
  labels: optional(isLabels),
  mounts: optional(value => Array.isArray(value) && value.every(mount => has(mount, MOUNT))),
  process: optional(isText),
  ids: optional(value => has(value, ID_RANGE)),
  options: optional(isObject),
  state: optional(value => has(value, STATE)),
} satisfies Record<keyof ContainerRecord, Check>;

/** Whether it is the whole record of that container; of a record of a later version nothing is known but its version. */
export function isRecord(value: unknown, ownId: string): value is ContainerRecord {
  if (!isObject(value)) return false;
  const { version, id, detached, options } = value as Partial<ContainerRecord>;
  if (version !== RECORD_VERSION) return isNumber(version);
  // What a detached container is started from again.
  const isStartable = !detached || Array.isArray(options?.command);
  return id === ownId && isStartable && has(value, RECORD);
}

function has(value: unknown, checks: Readonly<Record<string, Check>>): boolean {
  if (!isObject(value)) return false;
  const object = value as Record<string, unknown>;
  for (const name in checks) if (!checks[name]!(object[name])) return false;
  return true;
}
