import { errorMessage, SkiffError } from '../../common/errors';
import { templateError } from './errors';
import { checkArity, type TemplateFunction } from './functions';
import type { Command, Node, Operand, Pipeline } from './nodes';
import { isMap, isObject, isTrue, toText, typeName } from './values';

/** What ends the round of a range. */
type Jump = 'break' | 'continue' | undefined;

/**
 * Fills one template with one value.
 *
 * A field that a record does not have is an error that names it, as for Go's structs; one that a map does not have is
 * `<no value>`. A field that is a function is called with the words behind it, as Go calls methods.
 */
export class Evaluator {
  private output = '';
  /** Variables in the order they were declared; the last of a name counts. */
  private readonly variables: { name: string; value: unknown }[];

  /**
   * @param text the template's, for errors
   * @param root what `$` is, and `.` outside of `with` and `range`
   */
  constructor(
    private readonly text: string,
    private readonly root: unknown,
    private readonly functions: Readonly<Record<string, TemplateFunction>>,
  ) {
    this.variables = [{ name: '$', value: root }];
  }

  /** @throws SkiffError INVALID_TEMPLATE where the template does not fit the value */
  evaluate(nodes: readonly Node[]): string {
    this.walk(nodes, this.root);
    return this.output;
  }

  private walk(nodes: readonly Node[], dot: unknown): Jump {
    for (const node of nodes) {
      const jump = this.step(node, dot);
      if (jump) return jump;
    }
    return undefined;
  }

  private step(node: Node, dot: unknown): Jump {
    switch (node.kind) {
      case 'text':
        this.output += node.text;
        return undefined;
      case 'action': {
        const value = this.pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.output += toText(value);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      default:
        return this.scoped(() => (node.kind === 'range' ? this.range(node, dot) : this.branch(node, dot)));
    }
  }

  /** Variables that are declared within end with it. */
  private scoped(body: () => Jump): Jump {
    const depth = this.variables.length;
    const jump = body();
    this.variables.length = depth;
    return jump;
  }

  private branch(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: unknown): Jump {
    const value = this.pipeline(node.pipeline, dot);
    if (!isTrue(value)) return this.walk(node.otherwise, dot);
    return this.walk(node.body, node.kind === 'with' ? value : dot);
  }

  private range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: unknown): Jump {
    const { variables } = node.pipeline;
    const value = this.pipeline({ ...node.pipeline, variables: [] }, dot);
    const entries = this.entriesOf(value, node.pipeline);
    if (entries.length === 0) return this.walk(node.otherwise, dot);
    for (const [key, element] of entries) {
      const jump = this.scoped(() => {
        const values = variables.length === 2 ? [key, element] : [element];
        variables.forEach((name, at) => this.setVariable(name, values[at], node.pipeline.assigns));
        return this.walk(node.body, element);
      });
      if (jump === 'break') break;
    }
    return undefined;
  }

  private entriesOf(value: unknown, { at, source }: Pipeline): [unknown, unknown][] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return [...value.entries()];
    if (isMap(value))
      return Object.keys(value)
        .sort()
        .map(key => [key, value[key]]);
    throw this.error({ at, source }, `range can't iterate over ${toText(value)}`);
  }

  private pipeline({ variables, assigns, commands }: Pipeline, dot: unknown): unknown {
    let value: unknown;
    commands.forEach((command, at) => {
      value = this.command(command, dot, at === 0 ? [] : [value]);
    });
    for (const name of variables) this.setVariable(name, value, assigns);
    return value;
  }

  private setVariable(name: string, value: unknown, assigns: boolean): void {
    const known = assigns ? this.variable(name) : undefined;
    if (known) known.value = value;
    else this.variables.push({ name, value });
  }

  private variable(name: string): { name: string; value: unknown } | undefined {
    // A search from the end, without a copy: findLast() is not in the ES2022 that this is compiled for.
    let at = this.variables.length - 1;
    while (at >= 0 && this.variables[at]!.name !== name) at -= 1;
    return this.variables[at];
  }

  /** @param piped the value of the command before, in a pipeline */
  private command([first, ...words]: Command, dot: unknown, piped: unknown[]): unknown {
    if (first.kind === 'function') return this.call(first, words, dot, piped);
    const given = words.length + piped.length;
    const value = this.operand(
      first,
      dot,
      given > 0 ? [...words.map(word => this.operand(word, dot)), ...piped] : [],
    );
    if (given > 0 && first.kind !== 'fields')
      throw this.error(first, `can't give argument to non-function ${first.source}`);
    return value;
  }

  private call(
    word: Operand & { kind: 'function' },
    words: Operand[],
    dot: unknown,
    piped: unknown[],
  ): unknown {
    return this.guard(
      word,
      () => {
        checkArity(word.name, words.length + piped.length);
        if (word.name === 'and' || word.name === 'or') return this.decide(word.name, words, dot, piped);
        return this.functions[word.name]!(...words.map(one => this.operand(one, dot)), ...piped);
      },
      `error calling ${word.name}: `,
    );
  }

  /** The first value that decides; those behind it are not looked at. */
  private decide(name: 'and' | 'or', words: Operand[], dot: unknown, piped: unknown[]): unknown {
    let value: unknown;
    for (const word of words) {
      value = this.operand(word, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  /** @param args for the last field, where it is a function */
  private operand(word: Operand, dot: unknown, args: unknown[] = []): unknown {
    switch (word.kind) {
      case 'dot':
        return dot;
      case 'literal':
        return word.value;
      case 'variable':
        return this.variable(word.name)?.value;
      case 'function':
        return this.call(word, [], dot, []);
      case 'pipeline':
        return this.pipeline(word.pipeline, dot);
      case 'fields':
        return word.names.reduce(
          (value, name, at) => this.field(word, value, name, at === word.names.length - 1 ? args : []),
          this.operand(word.base, dot),
        );
    }
  }

  private field(word: Operand, value: unknown, name: string, args: unknown[]): unknown {
    if (value === null || value === undefined) {
      throw this.error(word, `nil pointer evaluating ${typeName(value)}.${name}`);
    }
    if (isMap(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
    if (!isObject(value) || !(name in value) || name in Object.prototype) {
      throw this.error(word, `can't evaluate field ${name} in type ${typeName(value)}`, remedyFor(value));
    }
    const found = value[name];
    if (typeof found === 'function') {
      return this.guard(
        word,
        () => (found as TemplateFunction).apply(value, args),
        `error calling ${name}: `,
      );
    }
    if (args.length > 0) throw this.error(word, `${name} has arguments but cannot be invoked as function`);
    return found;
  }

  /** An error of what is called is told as this word's. */
  private guard<T>(word: Operand, call: () => T, what: string): T {
    try {
      return call();
    } catch (error) {
      if (SkiffError.is(error)) throw error;
      const reason = errorMessage(error);
      throw this.error(word, reason.startsWith('wrong number of args') ? reason : what + reason);
    }
  }

  private error(
    { at, source }: { at: number; source: string },
    problem: string,
    remedy?: string,
  ): SkiffError {
    return templateError(this.text, at, `executing "" at <${source}>: ${problem}`, remedy);
  }
}

/** What could have been meant. */
function remedyFor(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const names = Object.keys(value).map(name => `.${name}`);
  return names.length === 0 ? undefined : `There is ${names.join(', ')}.`;
}
