import path from 'node:path';
import { invalidArgument } from '../common/errors';
import { parseSize } from '../common/units';
import { parseCsv } from './csv';
import { checkMount, RECURSIONS, type MountRequest, type Recursion } from './mount-request';

/** Keys of `--mount` with a value: which field of the request each sets, and how. */
const KEYS: Record<string, (request: MountRequest, value: string, key: string) => void> = {
  type: (request, value) => {
    request.type = value.toLowerCase() as MountRequest['type'];
  },
  source: setSource,
  src: setSource,
  target: setTarget,
  dst: setTarget,
  destination: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  // For file systems that are shared with a virtual machine.
  consistency: () => undefined,
  'bind-propagation': (request, value) => {
    request.propagation = value.toLowerCase() as MountRequest['propagation'];
  },
  'bind-recursive': (request, value, key) => {
    if (!RECURSIONS.includes(value)) {
      throw invalidArgument(
        `invalid value for ${key}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
    }
    request.recursive = value as Recursion;
  },
  idmap: (request, value, key) => {
    request.idmap = toBoolean(value, key);
  },
  'volume-nocopy': (request, value, key) => {
    request.noCopy = toBoolean(value, key);
  },
  'volume-subpath': (request, value) => {
    request.subpath = value;
  },
  'volume-label': (request, value) => {
    const equals = value.indexOf('=');
    const [name, text] = equals < 0 ? [value, ''] : [value.slice(0, equals), value.slice(equals + 1)];
    request.labels = { ...request.labels, [name]: text };
  },
  'volume-driver': (_, value) => {
    if (value !== 'local') {
      throw invalidArgument(`error looking up volume plugin ${value}: plugin "${value}" not found`);
    }
  },
  'tmpfs-size': (request, value, key) => {
    try {
      request.size = parseSize(value);
    } catch (cause) {
      throw invalidArgument(`invalid value for ${key}: ${value}`, { cause });
    }
  },
  'tmpfs-mode': (request, value, key) => {
    if (!/^[0-7]{1,10}$/.test(value)) throw invalidArgument(`invalid value for ${key}: ${value}`);
    request.mode = parseInt(value, 8);
  },
};

/** Keys that say yes where they stand alone. */
const SWITCHES = ['readonly', 'ro', 'volume-nocopy', 'idmap'];

/**
 * What `--mount` asks for: `type=bind,src=/host,dst=/container,readonly` and so on, as comma-separated values, of which
 * one with a comma in it stands in double quotes.
 *
 * @throws SkiffError INVALID_ARGUMENT in Docker's words
 */
export function parseMountFlag(text: string): MountRequest {
  const request: MountRequest = { type: 'volume', target: '' };
  const groups = new Set<string>();
  for (const field of parseCsv(text)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    if (equals < 0 && !SWITCHES.includes(key)) {
      throw invalidArgument(`invalid field '${field}' must be a key=value pair`);
    }
    const set = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (!set) throw invalidArgument(`unexpected key '${key}' in '${field}'`);
    set(request, equals < 0 ? 'true' : field.slice(equals + 1), key);
    groups.add(/^(bind|volume|tmpfs)-/.exec(key)?.[1] ?? '');
  }
  checkTogether(request, groups);
  checkMount(request);
  return request;
}

function checkTogether(request: MountRequest, groups: ReadonlySet<string>): void {
  const { type, recursive, readOnly, propagation } = request;
  if (!type) throw invalidArgument('type is required');
  for (const group of ['volume', 'bind', 'tmpfs']) {
    if (groups.has(group) && group !== type) {
      throw invalidArgument(`cannot mix '${group}-*' options with mount type '${type}'`);
    }
  }
  if ((recursive === 'writable' || recursive === 'readonly') && !readOnly) {
    throw invalidArgument(
      `option 'bind-recursive=${recursive}' requires 'readonly' to be specified in conjunction`,
    );
  }
  if (recursive === 'readonly' && propagation !== 'rprivate') {
    throw invalidArgument(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    );
  }
}

function setSource(request: MountRequest, value: string): void {
  request.source = value === '.' || value.startsWith('./') ? path.resolve(value) : value;
}

function setTarget(request: MountRequest, value: string): void {
  request.target = value;
}

function setReadOnly(request: MountRequest, value: string, key: string): void {
  request.readOnly = toBoolean(value, key);
}

/** Go's strconv.ParseBool. */
function toBoolean(value: string, key: string): boolean {
  if (/^(1|t|T|true|True|TRUE)$/.test(value)) return true;
  if (/^(0|f|F|false|False|FALSE)$/.test(value)) return false;
  throw invalidArgument(`invalid value for ${key}: ${value}`);
}
