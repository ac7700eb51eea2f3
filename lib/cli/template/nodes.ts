/** Where something stands in a template's text; what errors tell. */
export interface Place {
  /** Offset of its first character. */
  at: number;
  /** Its text. */
  source: string;
}

/** What a pipeline's words are made of. */
export type Operand = Place &
  (
    | { kind: 'dot' }
    | { kind: 'literal'; value: string | number | boolean | null }
    | { kind: 'variable'; name: string }
    | { kind: 'function'; name: string }
    | { kind: 'pipeline'; pipeline: Pipeline }
    /** Fields of something: `.A.B`, `$x.A`, `(index . 0).A`. */
    | { kind: 'fields'; base: Operand; names: string[] }
  );

/** A function, or a field that may be one, and its arguments. */
export type Command = [Operand, ...Operand[]];

export interface Pipeline extends Place {
  /** Variables that its value is given to: two for a range's index and element. */
  variables: string[];
  /** `=`: they were declared before. */
  assigns: boolean;
  /** Each gets the value of the one before as its last argument. */
  commands: Command[];
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'action'; pipeline: Pipeline }
  | { kind: 'if' | 'with' | 'range'; pipeline: Pipeline; body: Node[]; otherwise: Node[] }
  | { kind: 'break' | 'continue' };
