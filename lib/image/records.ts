import fs from 'node:fs';
import path from 'node:path';
import { errorCode, SkiffError } from '../common/errors';
import { unlessGone } from '../common/unless-gone';
import { isObject, parseConfig, type ImageConfigFile } from './config';
import { imagePaths, writeWhole } from './files';

/** One stored image, in `images/records/<hex>.json`: it is there, or it is not. */
export interface ImageRecord {
  version: 1;
  /** The config blob, byte for byte: its SHA-256 is the image's id. */
  config: string;
  /** When it was stored first, in ms since the epoch. */
  added: number;
  /** `repository@sha256:...` of manifests that it was loaded by. */
  digests: string[];
}

/** A record, read. */
export interface ReadImage {
  /** 64 hexadecimal digits. */
  hex: string;
  record: ImageRecord;
  config: ImageConfigFile;
}

/** Canonical names with tags, each with an image's id in hexadecimal; in `images/refs.json`. */
export type Refs = Map<string, string>;

/**
 * @returns undefined where there is none
 * @throws SkiffError BROKEN_STORE, FUTURE_STORE where there is one that cannot be read
 */
export function readImage(root: string, hex: string): ReadImage | undefined {
  return readImageIn(imagePaths(root).records, hex);
}

/** The same, of another directory of records. */
export function readImageIn(records: string, hex: string): ReadImage | undefined {
  const file = path.join(records, `${hex}.json`);
  const record = readJson(file) as ImageRecord | undefined;
  if (record === undefined) return undefined;
  checkVersion(record, file);
  const { config, added, digests } = record;
  const isRecord = typeof config === 'string' && typeof added === 'number' && Array.isArray(digests);
  if (!isRecord) throw brokenStore(file, 'it is no record of an image');
  try {
    return { hex, record, config: parseConfig(config, file) };
  } catch (cause) {
    throw brokenStore(file, 'it has no config of an image', cause);
  }
}

export async function writeImage(root: string, hex: string, record: ImageRecord): Promise<void> {
  await writeWhole(imagePaths(root).record(hex), JSON.stringify(record));
}

/** The ids of all images. */
export function imageIds(root: string): string[] {
  return idsIn(imagePaths(root).records);
}

/** The ids that a directory of records has. */
export function idsIn(records: string): string[] {
  const names = unlessGone(() => fs.readdirSync(records)) ?? [];
  return names.map(name => /^([0-9a-f]{64})\.json$/.exec(name)?.[1]).filter(hex => hex !== undefined);
}

export function readRefs(root: string): Refs {
  const file = imagePaths(root).refs;
  const content = readJson(file) as { version: number; refs: Record<string, string> } | undefined;
  if (content === undefined) return new Map();
  checkVersion(content, file);
  const { refs } = content;
  const isList = isObject(refs) && Object.values(refs).every(hex => /^[0-9a-f]{64}$/.test(String(hex)));
  if (!isList) throw brokenStore(file, 'it is no list of names');
  return new Map(Object.entries(refs));
}

export async function writeRefs(root: string, refs: Refs): Promise<void> {
  const sorted = Object.fromEntries([...refs].sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeWhole(imagePaths(root).refs, `${JSON.stringify({ version: 1, refs: sorted })}\n`);
}

/** @returns undefined where the file is missing */
function readJson(file: string): unknown {
  // Every start looks here, and most often nothing is: an error that nobody wants costs more than the look.
  if (!fs.existsSync(file)) return undefined;
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw error;
    throw brokenStore(file, 'it is no JSON', error);
  }
}

/** @throws SkiffError */
function checkVersion(content: { version: number }, file: string): void {
  if (!isObject(content) || typeof content.version !== 'number') throw brokenStore(file, 'it has no version');
  if (content.version === 1) return;
  throw new SkiffError(`image store: ${file}: it was written by a later version of skiff`, {
    code: 'FUTURE_STORE',
    path: file,
    exitCode: 1,
    remedy: remedyFor(file),
  });
}

function brokenStore(file: string, reason: string, cause?: unknown): SkiffError {
  return new SkiffError(`image store: ${file}: ${reason}`, {
    code: 'BROKEN_STORE',
    path: file,
    exitCode: 1,
    remedy: remedyFor(file),
    cause,
  });
}

/** Of an image's record, whose file is named after its id; or of the file of names. */
function remedyFor(file: string): string {
  const id = /^([0-9a-f]{12})[0-9a-f]{52}\.json$/.exec(path.basename(file))?.[1];
  return id === undefined
    ? 'Remove the file; images whose names it had are left under their ids.'
    : `Remove it by force: skiff rmi -f ${id}`;
}
