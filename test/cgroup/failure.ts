import { SkiffError } from '../../lib/common/errors';

/** What the call throws, as a SkiffError. */
export function failure(call: () => unknown): SkiffError {
  try {
    call();
  } catch (error) {
    if (SkiffError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
