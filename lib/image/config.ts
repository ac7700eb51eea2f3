import type crypto from 'node:crypto';
import { SkiffError } from '../common/errors';

/** What an image says of its containers; the names are those of the OCI image spec's config.md, and Docker's. */
export interface ContainerDefaults {
  User?: string;
  ExposedPorts?: Record<string, object> | null;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  /** Docker's; the OCI image spec has none. */
  OnBuild?: string[] | null;
}

/** How one layer came to be. */
export interface HistoryEntry {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  /** The step changed the config alone. */
  empty_layer?: boolean;
}

/** An image's config, https://github.com/opencontainers/image-spec/blob/main/config.md. */
export interface ImageConfigFile {
  created?: string;
  author?: string;
  architecture: string;
  variant?: string;
  os: string;
  config?: ContainerDefaults;
  rootfs: { type: 'layers'; diff_ids: string[] };
  history?: HistoryEntry[];
}

/** A config's size at most: it is read into memory. */
export const MAX_CONFIG_BYTES = 4 << 20;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Read a config blob, and see that it can be what it says.
 *
 * @param name of the archive, for messages
 * @throws SkiffError BROKEN_IMAGE
 */
export function parseConfig(text: string, name: string): ImageConfigFile {
  const config = parseJson(text, name, 'config');
  const { rootfs, config: defaults = {}, history = [], created = '' } = config as Partial<ImageConfigFile>;
  if (!Array.isArray(rootfs?.diff_ids) || !rootfs.diff_ids.every(isDigest)) {
    throw brokenImage(name, 'its config has no rootfs.diff_ids');
  }
  if (typeof created !== 'string') throw brokenImage(name, 'its config has been created at no time');
  checkDefaults(defaults, name);
  if (!Array.isArray(history) || !history.every(isHistoryEntry)) {
    throw brokenImage(name, 'the history of its config is no list of steps');
  }
  return config as ImageConfigFile;
}

/** @throws SkiffError BROKEN_IMAGE */
function checkDefaults(defaults: ContainerDefaults, name: string): void {
  if (!isObject(defaults)) throw brokenImage(name, 'the config of its config is no object');
  for (const key of ['Env', 'Entrypoint', 'Cmd', 'OnBuild'] as const) {
    if (!isTextList(defaults[key])) throw brokenImage(name, `${key} of its config is no list of texts`);
  }
  for (const key of ['User', 'WorkingDir', 'StopSignal'] as const) {
    if (!isText(defaults[key] ?? '')) throw brokenImage(name, `${key} of its config is no text`);
  }
  for (const key of ['Volumes', 'ExposedPorts', 'Labels'] as const) {
    if (!isObject(defaults[key] ?? {})) throw brokenImage(name, `${key} of its config is no object`);
  }
  if (!Object.values(defaults.Labels ?? {}).every(isText)) {
    throw brokenImage(name, 'Labels of its config are no texts');
  }
}

function isHistoryEntry(value: unknown): value is HistoryEntry {
  if (!isObject(value)) return false;
  const { created = '', created_by: by = '', author = '', comment = '' } = value as HistoryEntry;
  return [created, by, author, comment].every(text => typeof text === 'string');
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Members that are null are not there, as for the programs in Go that write these files.
 *
 * @throws SkiffError BROKEN_IMAGE for what is no JSON object
 */
export function parseJson(text: string, name: string, what: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text, withoutNull);
  } catch (cause) {
    throw brokenImage(name, `its ${what} is no JSON`, cause);
  }
  if (typeof value !== 'object' || value === null) throw brokenImage(name, `its ${what} is no JSON object`);
  return value;
}

function withoutNull(this: unknown, _key: string, value: unknown): unknown {
  return value === null && !Array.isArray(this) ? undefined : value;
}

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value);
}

function isTextList(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.every(isText));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}

/** `sha256:` and the digest of these bytes. */
export function digestOf(bytes: string | Buffer): string {
  // Loaded at need: a start does without it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  const { createHash } = require('node:crypto') as typeof crypto;
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function brokenImage(
  name: string,
  reason: string,
  cause?: unknown,
  code = 'BROKEN_IMAGE',
  remedy?: string,
): SkiffError {
  return new SkiffError(`load image: ${name}: ${reason}`, { code, path: name, cause, remedy });
}

/** Node's name of this machine's architecture in Go's words, as images have it. */
export function thisArchitecture(): string {
  const names: Partial<Record<string, string>> = { x64: 'amd64', ia32: '386', arm64: 'arm64', arm: 'arm' };
  return names[process.arch] ?? process.arch;
}
