import { templateError } from './errors';
import type { Place } from './nodes';

export type TokenKind =
  | 'field'
  | 'dot'
  | 'variable'
  | 'word'
  | 'string'
  | 'number'
  | 'pipe'
  | 'open'
  | 'close'
  | 'comma'
  | 'declare'
  | 'assign';

export interface Token extends Place {
  kind: TokenKind;
  /** Of a string or number. */
  value?: string | number;
  /** A blank stands before it: `.A .B` are two words, `.A.B` is one. */
  spaced: boolean;
}

/** A template's text is text and actions by turns. */
export type Piece = { kind: 'text'; text: string } | (Place & { kind: 'action'; tokens: Token[] });

const PATTERNS: readonly [kind: TokenKind, pattern: RegExp][] = [
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['number', /'(?:[^'\\\n]|\\.)+'|[+-]?(?:0[xX][\da-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)/y],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['dot', /\./y],
  ['variable', /\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['declare', /:=/y],
  ['assign', /=/y],
  ['pipe', /\|/y],
  ['open', /\(/y],
  ['close', /\)/y],
  ['comma', /,/y],
];

/** Blanks of Go's templates. */
const SPACE = /[ \t\r\n]*/y;

/**
 * Take a template apart: `{{- ` and ` -}}` take the blanks of the text beside them, comments go.
 *
 * @throws SkiffError INVALID_TEMPLATE
 */
export function lex(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trims = false;
  for (;;) {
    const open = text.indexOf('{{', at);
    const plain = text.slice(at, open === -1 ? text.length : open);
    const trimsBefore = open !== -1 && /^-[ \t\r\n]/.test(text.slice(open + 2, open + 4));
    pieces.push({ kind: 'text', text: trim(plain, trims, trimsBefore) });
    if (open === -1) return pieces.filter(piece => piece.kind === 'action' || piece.text !== '');
    const start = open + (trimsBefore ? 3 : 2);
    const action = isComment(text, start) ? lexComment(text, start) : lexAction(text, start);
    if (action.piece) pieces.push(action.piece);
    at = action.end;
    trims = action.trims;
  }
}

/** What stands between two braces, and what comes after it. */
interface Lexed {
  piece?: Piece;
  end: number;
  /** The blanks behind it go. */
  trims: boolean;
}

function trim(text: string, start: boolean, end: boolean): string {
  const trimmed = start ? text.replace(/^[ \t\r\n]+/, '') : text;
  return end ? trimmed.replace(/[ \t\r\n]+$/, '') : trimmed;
}

function isComment(text: string, start: number): boolean {
  return text.startsWith('/*', start + blanksAt(text, start));
}

function lexComment(text: string, start: number): Lexed {
  const close = text.indexOf('*/', start);
  if (close === -1) throw templateError(text, start, 'unclosed comment');
  const ending = /^(?:[ \t\r\n]+-)?\}\}/.exec(text.slice(close + 2));
  if (!ending) throw templateError(text, start, 'comment ends before closing delimiter');
  return { end: close + 2 + ending[0].length, trims: ending[0].includes('-') };
}

function lexAction(text: string, start: number): Lexed {
  const tokens: Token[] = [];
  let at = start;
  for (;;) {
    const blanks = blanksAt(text, at);
    at += blanks;
    const trims = blanks > 0 && text.startsWith('-}}', at);
    if (trims || text.startsWith('}}', at)) {
      const source = text.slice(start, at).trim();
      return { piece: { kind: 'action', tokens, at: start, source }, end: at + (trims ? 3 : 2), trims };
    }
    if (at >= text.length) throw templateError(text, start, 'unclosed action');
    const token = tokenAt(text, at, blanks > 0);
    tokens.push(token);
    at += token.source.length;
  }
}

function blanksAt(text: string, at: number): number {
  SPACE.lastIndex = at;
  return SPACE.exec(text)![0].length;
}

function tokenAt(text: string, at: number, spaced: boolean): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const source = pattern.exec(text)?.[0];
    if (source === undefined) continue;
    const value = valueOf(kind, source, () => templateError(text, at, `bad character constant: ${source}`));
    return { kind, at, source, spaced, ...(value !== undefined && { value }) };
  }
  const character = text[at]!;
  if (character === '"' || character === '`') throw templateError(text, at, 'unterminated quoted string');
  if (character === "'") throw templateError(text, at, 'unterminated character constant');
  throw templateError(text, at, `unexpected ${JSON.stringify(character)} in command`);
}

function valueOf(kind: TokenKind, source: string, bad: () => Error): string | number | undefined {
  if (kind === 'string') return source.startsWith('`') ? source.slice(1, -1) : unescape(source.slice(1, -1));
  if (kind !== 'number') return undefined;
  if (!source.startsWith("'")) return Number(source);
  const characters = [...unescape(source.slice(1, -1))];
  if (characters.length !== 1) throw bad();
  return characters[0]!.codePointAt(0);
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The escapes of Go's interpreted strings. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/g,
    (_, x?: string, u?: string, long?: string, octal?: string, letter?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
      return ESCAPES[letter!] ?? letter!;
    },
  );
}
