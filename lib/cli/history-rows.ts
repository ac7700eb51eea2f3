import type { LayerHistory } from '../engine/images';
import { decimalSize, ellipsis, humanDuration, printable } from './human';
import type { Listing } from './listing';

/** What `history` can show. */
export const historyListing: Listing = {
  heads: {
    Comment: 'COMMENT',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    CreatedSince: 'CREATED',
    ID: 'IMAGE',
    Size: 'SIZE',
  },
  columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
};

/** A step, with the fields of Docker's. */
export interface HistoryRow {
  Comment: string;
  CreatedAt: string;
  CreatedBy: string;
  CreatedSince: string;
  ID: string;
  Size: string;
}

const MISSING = '<missing>';
const SHORT_ID = 12;
const SHORT_TEXT = 45;

/** The steps of an image, the last first; only the image as a whole has an id. */
export function historyRows(
  id: string,
  history: readonly LayerHistory[],
  { noTrunc, now }: { noTrunc: boolean; now: number },
): HistoryRow[] {
  return history.map(({ created, createdBy, comment, size }, at) => {
    const by = printable(createdBy);
    return {
      Comment: printable(comment),
      CreatedAt: created === undefined ? '' : new Date(created).toISOString().replace(/\.\d+Z$/, 'Z'),
      CreatedBy: noTrunc ? by : ellipsis(by, SHORT_TEXT),
      CreatedSince: created === undefined ? 'N/A' : `${humanDuration(now - created)} ago`,
      ID: at > 0 ? MISSING : noTrunc ? id : id.slice('sha256:'.length, 'sha256:'.length + SHORT_ID),
      Size: decimalSize(size),
    };
  });
}
