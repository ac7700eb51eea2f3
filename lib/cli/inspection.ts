import { SkiffError } from '../common/errors';
import { parseTemplate } from './template';

/** Tells of things of one type, in Docker's words. */
export interface Inspector {
  /** `container`, `image`, `volume`. */
  type: string;
  /** @throws SkiffError with a code that ends in NOT_FOUND where there is none of that name */
  inspect(reference: string): Promise<object>;
}

export interface Inspected {
  /** To be printed. */
  text: string;
  /** What was not found, or does not fit the template; the others are told all the same. */
  errors: unknown[];
}

/**
 * What there is of each name, of the first type that has it.
 *
 * @param format a template that is filled for each; `json`: all as one line of JSON; without it JSON as people read it
 * @throws SkiffError INVALID_TEMPLATE
 */
export async function inspectAll(
  references: readonly string[],
  inspectors: readonly Inspector[],
  format = '',
): Promise<Inspected> {
  const template = format === '' || format === 'json' ? undefined : parseTemplate(format);
  const found: object[] = [];
  const errors: unknown[] = [];
  const lines: string[] = [];
  for (const reference of references) {
    try {
      const object = await inspectOne(reference, inspectors);
      found.push(object);
      if (template) lines.push(`${template.render(object)}\n`);
    } catch (error) {
      errors.push(error);
    }
  }
  if (template) return { text: lines.join(''), errors };
  return { text: `${JSON.stringify(found, null, format === 'json' ? undefined : 4)}\n`, errors };
}

async function inspectOne(reference: string, inspectors: readonly Inspector[]): Promise<object> {
  for (const { inspect } of inspectors) {
    try {
      return await inspect(reference);
    } catch (error) {
      if (inspectors.length === 1 || !isNotFound(error)) throw error;
    }
  }
  throw new SkiffError(`no such object: ${reference}`, { code: 'NOT_FOUND', path: reference, exitCode: 1 });
}

/** What can not be a name of one type may be one of another. */
function isNotFound(error: unknown): boolean {
  return SkiffError.is(error) && (error.code.endsWith('NOT_FOUND') || error.code === 'INVALID_REFERENCE');
}
