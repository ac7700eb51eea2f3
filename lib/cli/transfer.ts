import { formatBytes } from '../common/units';
import type { Skiff } from '../engine';
import type { ImageInput, ProgressOptions } from '../engine/image-source';
import { mayDecorate } from './decorate';
import { writeErr } from './output';
import { progressBar } from './progress';
import { keepYoungHeapSmall } from './small-heap';
import { withSkiff } from './with-skiff';

/** How often the bar is drawn, in ms. */
const INTERVAL_MS = 100;
const STDIN = 0;

/**
 * Do something that reads much, with a progress bar on a terminal; Ctrl-C ends it and leaves nothing.
 *
 * @param file `-` is standard input
 * @param what the user sees beside the bar
 */
export async function withTransfer<T>(
  flags: { root?: string },
  file: string,
  what: string,
  work: (skiff: Skiff, source: ImageInput, transfer: ProgressOptions & { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  keepYoungHeapSmall();
  const source = file === '-' ? STDIN : file;
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const bar = mayDecorate(2) ? rateBar(what) : undefined;
  try {
    return await withSkiff(flags, skiff =>
      work(skiff, source, { onProgress: bar?.show, signal: abort.signal }),
    );
  } finally {
    bar?.clear();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** A bar that tells the rate; of a pipe, whose end nobody knows, the bytes alone. */
function rateBar(what: string) {
  const bar = progressBar(writeErr);
  const start = performance.now();
  let shown = 0;
  return {
    show(done: number, total: number | undefined): void {
      const now = performance.now();
      if (now - shown < INTERVAL_MS) return;
      shown = now;
      const rate = formatBytes(Math.round((done / (now - start)) * 1000));
      const amount =
        total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
      bar.update(total === undefined ? 0 : done / Math.max(total, 1), `${what}: ${amount}, ${rate}/s`);
    },
    clear: () => bar.clear(),
  };
}
