import { parseTime } from '../common/time';
import type { StoredImage } from '../image/catalog';
import { groupFilters, invalidFilterValue, type Filter } from './filters';

/** What `image prune --filter` knows. */
export const PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'] as const;

/**
 * What `--filter` asks of a prune.
 *
 * @param now milliseconds since the epoch
 * @throws SkiffError INVALID_FILTER, INVALID_ARGUMENT
 */
export function toPruneOptions(
  filters: readonly Filter[],
  now: number,
): { all?: boolean; keep: (image: StoredImage) => boolean } {
  const groups = groupFilters(filters, PRUNE_FILTERS);
  const until = groups.get('until')?.at(-1);
  const untilMs = until === undefined ? Infinity : Number(parseTime(until, now) / 1_000_000n);
  const wanted = groups.get('label') ?? [];
  const unwanted = groups.get('label!') ?? [];
  return {
    all: notDangling(groups.get('dangling')?.at(-1)),
    keep: image =>
      image.created >= untilMs ||
      !wanted.every(label => hasLabel(image, label)) ||
      unwanted.some(label => hasLabel(image, label)),
  };
}

/** Whether an image has a label, or a label with that value: `name`, `name=value`. */
export function hasLabel({ config }: Pick<StoredImage, 'config'>, label: string): boolean {
  const equals = label.indexOf('=');
  const value = config.config?.Labels?.[equals < 0 ? label : label.slice(0, equals)];
  return value !== undefined && (equals < 0 || value === label.slice(equals + 1));
}

function notDangling(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (/^(1|t|true)$/i.test(value)) return false;
  if (/^(0|f|false)$/i.test(value)) return true;
  throw invalidFilterValue('dangling', value, 'It is true or false.');
}
