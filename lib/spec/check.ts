import { invalidArgument } from '../common/errors';
import type { Word } from './types';

/** Shapes an option can have at run time: callers of the API need not have had TypeScript's checks. */
type Shape = 'text' | 'number' | 'size' | 'flag' | 'texts' | 'objects' | 'record' | 'env';

const SHAPES: Record<string, Shape> = {
  image: 'text',
  rootfs: 'text',
  name: 'text',
  env: 'env',
  cwd: 'text',
  user: 'text',
  hostname: 'text',
  entrypoint: 'text',
  memory: 'size',
  memorySwap: 'size',
  cpus: 'number',
  cpuShares: 'number',
  cpusetCpus: 'text',
  pidsLimit: 'number',
  timeout: 'size',
  network: 'text',
  init: 'flag',
  readOnly: 'flag',
  privileged: 'flag',
  keep: 'flag',
  tmpfs: 'texts',
  volumes: 'texts',
  volumesFrom: 'texts',
  mounts: 'objects',
  ulimits: 'texts',
  sysctls: 'record',
  capAdd: 'texts',
  capDrop: 'texts',
  devices: 'texts',
  securityOpt: 'texts',
  noNewPrivileges: 'flag',
  groupAdd: 'texts',
  oomScoreAdj: 'number',
  shmSize: 'size',
  profile: 'text',
  work: 'text',
  cpuTime: 'size',
  outputLimit: 'size',
};

const NEEDED: Record<Shape, string> = {
  text: 'text',
  number: 'a number',
  size: 'a number, or text such as 64m or 1.5s',
  flag: 'true or false',
  texts: 'a list of texts',
  objects: 'a list of objects',
  record: 'an object of texts',
  env: 'an object of texts or a list of NAME=value',
};

/**
 * Refuse options and commands of the wrong type, and NUL bytes in any text: the kernel would end the text there
 * without a word.
 *
 * @throws SkiffError INVALID_ARGUMENT that names the place
 */
export function checkInput(command: readonly Word[], options: object): void {
  if (!isWords(command)) throw invalidArgument('the command must be a list of texts');
  command.forEach((text, at) => checkNul(text, at === 0 ? 'the command' : `argument ${at} of the command`));
  for (const [name, value] of Object.entries(options)) {
    const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
    if (shape === undefined || value === undefined) continue;
    if (!fits(value, shape)) throw invalidArgument(`invalid option ${name}: ${NEEDED[shape]} is needed`);
    for (const text of textsOf(value)) checkNul(text, `option ${name}`);
  }
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'size':
      return typeof value === 'number' || typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'texts':
      return isTexts(value);
    case 'objects':
      return isObjects(value);
    case 'record':
      return isRecord(value);
    case 'env':
      return isTexts(value) || isRecord(value);
  }
}

function isWords(value: unknown): value is Word[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string' || Buffer.isBuffer(item));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

function isObjects(value: unknown): value is object[] {
  return Array.isArray(value) && value.every(item => typeof item === 'object' && item !== null);
}

function isRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && isTexts(Object.values(value))
  );
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (isTexts(value)) return value;
  if (isObjects(value)) return value.flatMap(item => Object.values(item).flatMap(textsOf));
  return isRecord(value) ? Object.entries(value).flat() : [];
}

function checkNul(text: Word, place: string): void {
  if (text.includes('\0')) throw invalidArgument(`NUL byte in ${place}`);
}
