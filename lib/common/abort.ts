import { SkiffError } from './errors';

/** @throws SkiffError ABORT_ERR once the signal is aborted */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new SkiffError('aborted', { code: 'ABORT_ERR', cause: signal.reason });
}
