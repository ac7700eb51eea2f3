import { CONTAINER_STATES, type ContainerFilters, type DockerState } from '../engine/looking';
import { groupFilters, invalidFilterValue, type Filter } from './filters';

/** What `ps --filter` knows. */
export const CONTAINER_FILTERS = [
  'ancestor',
  'before',
  'exited',
  'id',
  'label',
  'name',
  'since',
  'status',
  'volume',
] as const;

/** @throws SkiffError INVALID_FILTER, exit code 1, in Docker's words */
export function toContainerFilters(filters: readonly Filter[]): ContainerFilters {
  const groups = groupFilters(filters, CONTAINER_FILTERS);
  return {
    ancestor: groups.get('ancestor'),
    before: groups.get('before')?.at(-1),
    exited: groups.get('exited')?.map(toExitCode),
    id: groups.get('id'),
    label: groups.get('label'),
    name: groups.get('name'),
    since: groups.get('since')?.at(-1),
    status: groups.get('status')?.map(toState),
    volume: groups.get('volume'),
  };
}

function toExitCode(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw invalidFilterValue('exited', value, 'An exit code is a number.');
}

function toState(value: string): DockerState {
  const state = CONTAINER_STATES.find(known => known === value);
  if (state) return state;
  throw invalidFilterValue('status', value, `There is ${CONTAINER_STATES.join(', ')}.`);
}
