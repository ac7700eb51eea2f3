import { SkiffError } from '../../common/errors';

/**
 * A template that cannot be understood or does not fit what it is filled with, in the words of Go's text/template
 * behind Docker's.
 */
export function templateError(text: string, at: number, problem: string, remedy?: string): SkiffError {
  return new SkiffError(`template parsing error: template: :${place(text, at)}: ${problem}`, {
    code: 'INVALID_TEMPLATE',
    exitCode: 1,
    ...(remedy !== undefined && { remedy }),
  });
}

/** Line, from 1, and column, from 0, as text/template counts them. */
function place(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `${lines.length}:${lines.at(-1)!.length}`;
}
