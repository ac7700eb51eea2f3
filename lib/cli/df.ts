import { summarize, type DiskUsage } from '../engine/looking';
import {
  containerUsageListing,
  containerUsageRow,
  imageUsageListing,
  imageUsageRow,
  summaryListing,
  summaryRow,
  volumeUsageListing,
  volumeUsageRow,
} from './df-rows';
import { formatListing } from './listing';

/** The disk's use in short, a line for each kind. */
export function formatSummary(usage: DiskUsage, format?: string): string {
  return formatListing(summarize(usage).map(summaryRow), summaryListing, format);
}

/**
 * The disk's use with every image, container and volume.
 *
 * @param now milliseconds since the epoch
 */
export function formatDetails({ images, containers, volumes }: DiskUsage, now: number): string {
  const tables: [head: string, table: string][] = [
    [
      'Containers',
      formatListing(
        containers.map(usage => containerUsageRow(usage, now)),
        containerUsageListing,
      ),
    ],
  ];
  if (images) {
    const rows = images.map(image => imageUsageRow(image, now));
    tables.unshift(['Images', formatListing(rows, imageUsageListing)]);
  }
  if (volumes) {
    tables.push(['Local Volumes', formatListing(volumes.map(volumeUsageRow), volumeUsageListing)]);
  }
  return tables.map(([head, table]) => `${head} space usage:\n\n${table}`).join('\n');
}
