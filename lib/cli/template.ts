import { Evaluator } from './template/evaluate';
import { functions, headFunctions } from './template/functions';
import { parse } from './template/parser';

export { mapOf } from './template/values';

/** A template that was understood. */
export interface Template {
  /**
   * Fill it.
   *
   * @throws SkiffError INVALID_TEMPLATE that names a field which the value does not have
   */
  render(value: unknown): string;
  /** Fill it with the heads of a table's columns: what is done to values is not done to them. */
  renderHeads(heads: unknown): string;
}

const NAMES: ReadonlySet<string> = new Set(Object.keys(functions));

/**
 * A template in the language of Go's text/template, with Docker's functions: what `--format` takes.
 *
 * Not in it: `define`, `template` and `block`, which put several templates together, `call`, and complex numbers.
 *
 * @see https://pkg.go.dev/text/template and https://docs.docker.com/engine/cli/formatting/
 * @throws SkiffError INVALID_TEMPLATE, exit code 1, in Docker's words: `template parsing error: ...`
 */
export function parseTemplate(text: string): Template {
  const nodes = parse(text, NAMES);
  return {
    render: value => new Evaluator(text, value, functions).evaluate(nodes),
    renderHeads: heads => new Evaluator(text, heads, headFunctions).evaluate(nodes),
  };
}
