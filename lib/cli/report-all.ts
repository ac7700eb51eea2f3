import { reportError } from './report';

/**
 * Tell about each failure of a command that goes on with the others, as Docker's do.
 *
 * @returns the exit code of the last; 0 where there is none
 */
export function reportErrors(errors: readonly unknown[]): number {
  return errors.reduce<number>((_, error) => reportError(error), 0);
}
