import { SkiffError } from '../common/errors';
import { hexOf } from '../layers/layer';
import { whereUnlocked } from '../layers/lock';
import { imagePaths, prepareImages } from './files';
import { forgetImage, forgottenIds, removeForgotten } from './forgotten';
import { familiarName, parseReference, splitTag } from './reference';
import { writeRefs, type Refs } from './records';
import type { StoredImage } from './catalog';
import { isBundledName, type ImageStore, type ImageUser } from './store';

/** What was removed, in the order in which it is told. */
export interface RemovedImage {
  /** Names that were taken away. */
  untagged: string[];
  /** Ids of images that are gone, and then digests of their layers that are. */
  deleted: string[];
  /** The same for `events`: what happened to which image. */
  changes: { action: 'untag' | 'delete'; id: string; name?: string }[];
}

/** Which images go, of those that no container has. */
export interface PruneOptions {
  /** Those with a name, too. */
  all?: boolean;
  /** Images that stay all the same. */
  keep?: (image: StoredImage) => boolean;
}

/** How an image is removed. */
export interface RemoveImageOptions {
  /** Also where it has several names, or a container that does not run uses it, which keeps what it needs. */
  force?: boolean;
}

/**
 * Remove a name of an image; with its last one, or by its id, the image, and the layers that nothing else has.
 *
 * @throws SkiffError IMAGE_NOT_FOUND, IMAGE_IN_USE in Docker's words
 */
export async function removeImage(
  store: ImageStore,
  reference: string,
  { force = false }: RemoveImageOptions = {},
): Promise<RemovedImage> {
  await prepareImages(store.root);
  const unread = force ? unreadableOne(store, reference) : undefined;
  if (unread !== undefined) return removeUnread(store, unread);
  const image = await store.get(reference);
  const isById = image.id.replace('sha256:', '').startsWith(reference.replace('sha256:', ''));
  const removed = await store.changing(async refs => {
    const names = namesOf(image, refs);
    const name = isById ? undefined : nameIn(reference);
    if (name !== undefined && !refs.has(name)) throw bundledConflict(reference);
    if (name !== undefined && names.length > 1) return untag(store, image, refs, [name]);
    if (isBundled(image, names)) throw bundledConflict(reference);
    const users = store.usersOf(image);
    const running = users.find(user => user.running);
    if (name !== undefined && force && running) return untag(store, image, refs, [name]);
    checkUsers(image, { reference, isById, force, users, names });
    return remove(store, image, refs, names);
  });
  return { ...removed, deleted: [...removed.deleted, ...(await collect(store))] };
}

/** The one image whose id begins so, and whose record cannot be read. */
function unreadableOne(store: ImageStore, reference: string): string | undefined {
  const prefix = reference.replace('sha256:', '');
  // A shorter one may be meant as the name of an image that is whole.
  if (!/^[0-9a-f]{12,64}$/.test(prefix)) return undefined;
  const found = store.unreadable().filter(({ hex }) => hex.startsWith(prefix));
  return found.length === 1 ? found[0]!.hex : undefined;
}

async function removeUnread(store: ImageStore, hex: string): Promise<RemovedImage> {
  const id = `sha256:${hex}`;
  const removed = await store.changing(refs => remove(store, { id }, refs, namesOf({ id }, refs)));
  return { ...removed, deleted: [...removed.deleted, ...(await collect(store))] };
}

/**
 * Remove images that have no name and no container; with `all` those with a name, too.
 *
 * @returns what was removed, with the bytes of files that are gone
 */
export async function pruneImages(
  store: ImageStore,
  { all = false, keep = () => false }: PruneOptions = {},
): Promise<RemovedImage & { reclaimedBytes: number }> {
  await prepareImages(store.root);
  const total: RemovedImage = { untagged: [], deleted: [], changes: [] };
  await store.changing(async refs => {
    for (const image of store.list()) {
      const names = namesOf(image, refs);
      if (isBundled(image, names) || store.usersOf(image).length > 0 || keep(image)) continue;
      if (names.length > 0 && !all) continue;
      const { untagged, deleted, changes } = await remove(store, image, refs, names);
      total.untagged.push(...untagged);
      total.deleted.push(...deleted);
      total.changes.push(...changes);
    }
  });
  const sizes = await store.layerSizes();
  const layers = await collect(store);
  const reclaimedBytes = layers.reduce((sum, layer) => sum + (sizes.get(layer) ?? 0), 0);
  return { ...total, deleted: [...total.deleted, ...layers], reclaimedBytes };
}

/** Remove images that are forgotten and that no container has any more, with their layers. */
export async function collectForgotten(store: ImageStore): Promise<void> {
  if (unusedForgotten(store).length > 0) await collect(store);
}

function unusedForgotten(store: ImageStore): string[] {
  return forgottenIds(store.root).filter(hex => store.usersOf({ id: `sha256:${hex}` }).length === 0);
}

/** Not while an image is being added, whose layers no record tells of yet: the next command does it. */
async function collect(store: ImageStore): Promise<string[]> {
  const layers: string[] = [];
  await whereUnlocked(imagePaths(store.root).addLock, async () => {
    layers.push(...(await store.collectLayers()));
    // Last, so that whoever is killed before has left what tells the next one of the layers.
    await store.changing(() => removeForgotten(store.root, unusedForgotten(store)));
  });
  return layers;
}

async function untag(
  store: ImageStore,
  { id }: Pick<StoredImage, 'id'>,
  refs: Refs,
  names: string[],
): Promise<RemovedImage> {
  for (const name of names) refs.delete(name);
  if (names.length > 0) await writeRefs(store.root, refs);
  const untagged = names.map(familiarName);
  return { untagged, deleted: [], changes: untagged.map(name => ({ action: 'untag', id, name })) };
}

async function remove(
  store: ImageStore,
  image: Pick<StoredImage, 'id'>,
  refs: Refs,
  names: string[],
): Promise<RemovedImage> {
  const { untagged, changes } = await untag(store, image, refs, names);
  await forgetImage(store.root, hexOf(image.id));
  return { untagged, deleted: [image.id], changes: [...changes, { action: 'delete', id: image.id }] };
}

/** Canonical names that are stored; the bundled image's own is not. */
function namesOf({ id }: Pick<StoredImage, 'id'>, refs: Refs): string[] {
  const hex = hexOf(id);
  return [...refs].filter(([, other]) => other === hex).map(([name]) => name);
}

function nameIn(reference: string): string | undefined {
  const { repository, tag, digest } = parseReference(reference);
  return digest === undefined ? `${repository}:${tag}` : undefined;
}

/** It has the name that comes with skiff, and no other one. */
function isBundled(image: StoredImage, names: string[]): boolean {
  return names.length === 0 && image.refs.some(isBundledName);
}

function checkUsers(
  { id }: StoredImage,
  about: { reference: string; isById: boolean; force: boolean; users: ImageUser[]; names: string[] },
): void {
  const { reference, isById, force, users, names } = about;
  const short = hexOf(id).slice(0, 12);
  const running = users.find(user => user.running);
  const user = (running ?? users[0])?.id.slice(0, 12);
  if (running) {
    throw inUse(
      `unable to delete ${short} (cannot be forced) - image is being used by running container ${user}`,
      reference,
    );
  }
  if (force) return;
  if (user !== undefined && !isById) {
    throw inUse(
      `unable to remove repository reference "${reference}" (must force) - container ${user} is using its referenced image ${short}`,
      reference,
    );
  }
  if (user !== undefined) {
    throw inUse(
      `unable to delete ${short} (must be forced) - image is being used by stopped container ${user}`,
      reference,
    );
  }
  if (isById && new Set(names.map(name => splitTag(name).repository)).size > 1) {
    throw inUse(
      `unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
      reference,
    );
  }
}

function inUse(reason: string, reference: string): SkiffError {
  return new SkiffError(`conflict: ${reason}`, { code: 'IMAGE_IN_USE', path: reference, exitCode: 1 });
}

function bundledConflict(reference: string): SkiffError {
  return inUse(`unable to remove ${reference} - it comes with skiff`, reference);
}
