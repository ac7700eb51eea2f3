import { SkiffError } from '../common/errors';
import { fitsLabels } from '../common/labels';
import type { ContainerInfo } from './info';

/** What Docker calls a container's state. */
export const CONTAINER_STATES = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] as const;
export type DockerState = (typeof CONTAINER_STATES)[number];

/** Which containers are wanted: of the values of one kind one has to fit, of labels all. */
export interface ContainerFilters {
  /** Regular expressions, found anywhere in the id or name. */
  id?: readonly string[];
  name?: readonly string[];
  /** `key` or `key=value`. */
  label?: readonly string[];
  status?: readonly DockerState[];
  /** Exit codes of those that ended. */
  exited?: readonly number[];
  /** Images by name or id. */
  ancestor?: readonly string[];
  /** Created before or after that container: its name, its id or the beginning of its id. */
  before?: string;
  since?: string;
  /** Volumes by name, or mount points. */
  volume?: readonly string[];
}

export interface Selection {
  /** Those that do not run, too. */
  all?: boolean;
  /** So many of the newest, running or not; 0 or less is no bound. */
  last?: number;
  filters?: ContainerFilters;
}

/** A container's state in Docker's words. */
export function dockerState({ status }: ContainerInfo): DockerState {
  return status === 'starting' ? 'created' : status;
}

/** Its processes are there, or will be again by themselves. */
export function isUp(container: ContainerInfo): boolean {
  return ['running', 'paused', 'restarting'].includes(container.status);
}

/**
 * Containers by the rules of `docker ps`: running ones unless `all`, `last` or the filter `status` says otherwise.
 *
 * @param containers the newest first
 * @throws SkiffError CONTAINER_NOT_FOUND, AMBIGUOUS of `before` and `since`
 */
export function selectContainers(
  containers: readonly ContainerInfo[],
  selection: Selection = {},
): ContainerInfo[] {
  const { all = false, last = 0, filters = {} } = selection;
  const showsAll = all || last > 0 || filters.status !== undefined;
  const before = filters.before === undefined ? undefined : referred(filters.before, containers);
  const since = filters.since === undefined ? undefined : referred(filters.since, containers);
  const shown = showsAll ? containers : containers.filter(isUp);
  const isFiltered = Object.values(filters).some(filter => filter !== undefined);
  const fitting = isFiltered
    ? shown.filter(
        container =>
          (before === undefined || container.created < before.created) &&
          (since === undefined || container.created > since.created) &&
          fits(container, filters),
      )
    : shown;
  return fitting.slice(0, last > 0 ? last : undefined);
}

function fits(container: ContainerInfo, filters: ContainerFilters): boolean {
  const oneOf = <T>(values: readonly T[] | undefined, test: (value: T) => boolean) =>
    values === undefined || values.some(test);
  return (
    oneOf(filters.id, id => matches(container.id, id)) &&
    oneOf(filters.name, name => matches(container.name, name.replace(/^\//, ''))) &&
    oneOf(filters.status, status => dockerState(container) === status) &&
    oneOf(filters.exited, code => hasExited(container) && container.exitCode === code) &&
    oneOf(filters.ancestor, image => isOfImage(container, image)) &&
    oneOf(filters.volume, volume => hasMount(container, volume)) &&
    fitsLabels(container.labels, filters.label)
  );
}

/** As Docker has it: a regular expression, and a text where it is none. */
function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return text === pattern;
  }
}

function hasExited({ status }: ContainerInfo): boolean {
  return status === 'exited' || status === 'dead';
}

function isOfImage({ image, imageId = '' }: ContainerInfo, wanted: string): boolean {
  const digest = imageId.replace(/^sha256:/, '');
  const isId = /^(sha256:)?[0-9a-f]{4,64}$/.test(wanted) && digest.startsWith(wanted.replace(/^sha256:/, ''));
  return isId || withTag(image) === withTag(wanted);
}

/** A name without tag is that of `latest`; a colon before a slash is a port's. */
function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}

function hasMount({ mounts }: ContainerInfo, wanted: string): boolean {
  return mounts.some(
    ({ name, source, destination }) =>
      name === wanted || destination === wanted || (!name && source === wanted),
  );
}

function referred(reference: string, containers: readonly ContainerInfo[]): ContainerInfo {
  const named = containers.filter(({ id, name }) => name === reference || id === reference);
  const [found, ...others] =
    named.length > 0 ? named : containers.filter(({ id }) => reference !== '' && id.startsWith(reference));
  if (found && others.length === 0) return found;
  const isAmbiguous = found !== undefined;
  throw new SkiffError(`${isAmbiguous ? 'ambiguous' : 'no such'} container: ${reference}`, {
    code: isAmbiguous ? 'AMBIGUOUS' : 'CONTAINER_NOT_FOUND',
    path: reference,
    exitCode: 1,
  });
}
