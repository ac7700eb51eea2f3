import { errorCode } from './errors';

/**
 * What a look at something finds that others may take away meanwhile.
 *
 * @param codes of the errors that mean that it is not there
 * @returns undefined where it is not there; all other errors are thrown
 */
export function unlessGone<T>(look: () => T, codes: readonly string[] = ['ENOENT']): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
