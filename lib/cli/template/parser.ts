import { templateError } from './errors';
import { lex, type Piece, type Token } from './lexer';
import type { Command, Node, Operand, Pipeline } from './nodes';

type Action = Extract<Piece, { kind: 'action' }>;

/** What ends a list of nodes: an action `{{end}}` or `{{else ...}}`, or the end of the text. */
type Ending = { kind: 'end' | 'else'; action: Action } | { kind: 'eof' };

const BLOCKS = ['if', 'with', 'range'] as const;
const UNSUPPORTED = ['define', 'template', 'block'];

/**
 * Read a template by the grammar of Go's text/template.
 *
 * @param text with escapes such as `\t` as they are meant
 * @param functions names that may be called
 * @throws SkiffError INVALID_TEMPLATE
 */
export function parse(text: string, functions: ReadonlySet<string>): Node[] {
  return new Parser(text, functions).parse();
}

class Parser {
  private readonly pieces: Piece[];
  private next = 0;
  /** Names that are declared here; a block adds to a copy of it. */
  private scope = new Set(['$']);
  private ranges = 0;

  constructor(
    private readonly text: string,
    private readonly functions: ReadonlySet<string>,
  ) {
    this.pieces = lex(text);
  }

  parse(): Node[] {
    const { nodes, ending } = this.readNodes();
    if (ending.kind !== 'eof') throw this.error(ending.action.at, `unexpected {{${ending.kind}}}`);
    return nodes;
  }

  private readNodes(): { nodes: Node[]; ending: Ending } {
    const nodes: Node[] = [];
    while (this.next < this.pieces.length) {
      const piece = this.pieces[this.next++]!;
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const keyword = piece.tokens[0]?.kind === 'word' ? piece.tokens[0].source : '';
      if (keyword === 'end' || keyword === 'else') return { nodes, ending: { kind: keyword, action: piece } };
      nodes.push(this.readAction(piece, keyword));
    }
    return { nodes, ending: { kind: 'eof' } };
  }

  private readAction(action: Action, keyword: string): Node {
    const block = BLOCKS.find(name => name === keyword);
    if (block) return this.readBlock(block, action, action.tokens.slice(1));
    if (keyword === 'break' || keyword === 'continue') {
      if (this.ranges === 0) throw this.error(action.at, `{{${keyword}}} outside {{range}}`);
      return { kind: keyword };
    }
    if (UNSUPPORTED.includes(keyword)) {
      throw this.error(action.at, `{{${keyword}}} is not supported: a format is one template`);
    }
    return { kind: 'action', pipeline: this.readPipeline(action, action.tokens, 'command') };
  }

  /** From `{{if ...}}` to its `{{end}}`; `{{else if ...}}` is a block in the other's place. */
  private readBlock(kind: (typeof BLOCKS)[number], action: Action, tokens: Token[]): Node {
    const outer = this.scope;
    this.scope = new Set(outer);
    const pipeline = this.readPipeline(action, tokens, kind);
    if (kind === 'range') this.ranges += 1;
    const { nodes: body, ending } = this.readNodes();
    if (kind === 'range') this.ranges -= 1;
    let otherwise: Node[] = [];
    if (ending.kind === 'eof') throw this.error(this.text.length, 'unexpected EOF');
    if (ending.kind === 'else') otherwise = this.readElse(ending.action);
    this.scope = outer;
    return { kind, pipeline, body, otherwise };
  }

  private readElse(action: Action): Node[] {
    const [, next, ...rest] = action.tokens;
    if (next) {
      if (next.source !== 'if' && next.source !== 'with') {
        throw this.error(next.at, `unexpected <${next.source}> in input`);
      }
      return [this.readBlock(next.source, action, rest)];
    }
    const { nodes, ending } = this.readNodes();
    if (ending.kind === 'eof') throw this.error(this.text.length, 'unexpected EOF');
    if (ending.kind === 'else') throw this.error(ending.action.at, 'expected end; found {{else}}');
    return nodes;
  }

  private readPipeline(place: Pick<Action, 'at' | 'source'>, tokens: Token[], context: string): Pipeline {
    const { variables, assigns, rest } = this.readDeclaration(tokens, context);
    const commands = new Commands(rest, context, (at, problem) => this.error(at ?? place.at, problem)).read(
      (inner, at, source) => this.readPipeline({ at, source }, inner, 'parenthesized pipeline'),
    );
    this.check(commands);
    for (const name of variables) {
      if (assigns && !this.scope.has(name)) throw this.error(place.at, `undefined variable "${name}"`);
      this.scope.add(name);
    }
    return { at: place.at, source: place.source, variables, assigns, commands };
  }

  /** `$x := `, `$x = `, and for a range `$i, $e := `. */
  private readDeclaration(tokens: Token[], context: string) {
    const kinds = tokens.map(({ kind }) => kind);
    const isPair = kinds[0] === 'variable' && kinds[1] === 'comma' && kinds[2] === 'variable';
    const count = isPair ? 2 : 1;
    const operator = kinds[isPair ? 3 : 1];
    const declares = kinds[0] === 'variable' && (operator === 'declare' || operator === 'assign');
    if (!declares) return { variables: [], assigns: false, rest: tokens };
    if (isPair && context !== 'range') throw this.error(tokens[0]!.at, `too many declarations in ${context}`);
    const variables = tokens.slice(0, isPair ? 3 : 1).filter(({ kind }) => kind === 'variable');
    return {
      variables: variables.map(({ source }) => source),
      assigns: operator === 'assign',
      rest: tokens.slice(2 * count),
    };
  }

  /** Every function is one, every variable was declared. */
  private check(commands: Command[]): void {
    for (const operand of commands.flat()) this.checkOperand(operand);
  }

  private checkOperand(operand: Operand): void {
    switch (operand.kind) {
      case 'function':
        if (!this.functions.has(operand.name)) {
          throw this.error(operand.at, `function "${operand.name}" not defined`);
        }
        return;
      case 'variable':
        if (!this.scope.has(operand.name))
          throw this.error(operand.at, `undefined variable "${operand.name}"`);
        return;
      case 'fields':
        return this.checkOperand(operand.base);
    }
  }

  private error(at: number, problem: string): Error {
    return templateError(this.text, at, problem);
  }
}

type PipelineReader = (tokens: Token[], at: number, source: string) => Pipeline;

/** Reads commands with pipes between them. */
class Commands {
  private next = 0;

  constructor(
    private readonly tokens: Token[],
    private readonly context: string,
    private readonly error: (at: number | undefined, problem: string) => Error,
  ) {}

  read(readPipeline: PipelineReader): Command[] {
    const commands: Command[] = [];
    let words: Operand[] = [];
    const finish = () => {
      const [first, ...rest] = words;
      if (!first) throw this.error(this.tokens.at(-1)?.at, `missing value for ${this.context}`);
      if (commands.length > 0 && first.kind === 'literal') {
        throw this.error(first.at, `non executable command in pipeline stage ${commands.length + 1}`);
      }
      commands.push([first, ...rest]);
      words = [];
    };
    while (this.next < this.tokens.length) {
      if (this.tokens[this.next]!.kind === 'pipe') {
        this.next += 1;
        finish();
      } else {
        words.push(this.readOperand(readPipeline));
      }
    }
    finish();
    return commands;
  }

  private readOperand(readPipeline: PipelineReader): Operand {
    const start = this.tokens[this.next]!;
    const base = this.readTerm(readPipeline);
    const names = start.kind === 'field' ? [start.source.slice(1)] : [];
    let token = this.tokens[this.next];
    while (token?.kind === 'field' && !token.spaced) {
      names.push(token.source.slice(1));
      token = this.tokens[++this.next];
    }
    if (names.length === 0) return base;
    if (base.kind === 'literal') throw this.error(start.at, `unexpected . after term ${start.source}`);
    const chain = names.map(name => `.${name}`).join('');
    const source = start.kind === 'field' ? chain : `${base.source}${chain}`;
    return { kind: 'fields', base, names, at: start.at, source };
  }

  private readTerm(readPipeline: PipelineReader): Operand {
    const token = this.tokens[this.next++]!;
    const { at, source } = token;
    switch (token.kind) {
      case 'dot':
      case 'field':
        return { kind: 'dot', at, source };
      case 'variable':
        return { kind: 'variable', name: source, at, source };
      case 'string':
      case 'number':
        return { kind: 'literal', value: token.value!, at, source };
      case 'word':
        return constantOf(source, at) ?? { kind: 'function', name: source, at, source };
      case 'open':
        return this.readParenthesis(token, readPipeline);
      default:
        throw this.error(at, `unexpected ${JSON.stringify(source)} in operand`);
    }
  }

  private readParenthesis(open: Token, readPipeline: PipelineReader): Operand {
    const from = this.next;
    for (let depth = 1; depth > 0; this.next += 1) {
      const token = this.tokens[this.next];
      if (!token) throw this.error(open.at, 'unclosed left paren');
      depth += token.kind === 'open' ? 1 : token.kind === 'close' ? -1 : 0;
    }
    const inner = this.tokens.slice(from, this.next - 1);
    const source = `(${inner.map((token, at) => (at > 0 && token.spaced ? ' ' : '') + token.source).join('')})`;
    return { kind: 'pipeline', pipeline: readPipeline(inner, open.at, source), at: open.at, source };
  }
}

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

function constantOf(source: string, at: number): Operand | undefined {
  const value = CONSTANTS.get(source);
  return value === undefined ? undefined : { kind: 'literal', value, at, source };
}
