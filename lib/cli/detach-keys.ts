import { invalidArgument } from '../common/errors';

/** Docker's: Ctrl-P, Ctrl-Q. */
export const DETACH_KEYS = 'ctrl-p,ctrl-q';

/** What Docker's moby/term takes behind `ctrl-`, by the byte that a terminal sends. */
const SIGNS: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/**
 * The bytes of a sequence of keys: single characters and `ctrl-<a-z or one of @[\]^_>`, with commas between; '' is none.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function parseDetachKeys(keys: string): Buffer {
  return Buffer.from(keys === '' ? [] : keys.split(',').map(byteOf));
}

function byteOf(key: string): number {
  const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
  if (control !== undefined) {
    const byte = /[a-z]/.test(control) ? control.charCodeAt(0) - 96 : SIGNS[control];
    if (byte !== undefined) return byte;
  } else if (/^[\x20-\x7e]$/.test(key)) {
    return key.charCodeAt(0);
  }
  throw invalidArgument(`invalid detach keys: unknown character: '${key}'`, {
    remedy: 'Give characters and ctrl-<letter> with commas between, such as ctrl-p,ctrl-q.',
  });
}

/** Looks for a sequence of keys in what is typed. */
export class DetachKeys {
  private matched = 0;

  constructor(private readonly sequence: Buffer) {}

  /**
   * @returns what goes on to the command: the beginning of a sequence is kept back until it turns out to be none; and
   * whether the sequence is there, whole
   */
  take(typed: Buffer): { passed: Buffer; found: boolean } {
    if (this.sequence.length === 0) return { passed: typed, found: false };
    const passed: number[] = [];
    for (const byte of typed) {
      if (byte !== this.sequence[this.matched]) {
        passed.push(...this.sequence.subarray(0, this.matched));
        this.matched = 0;
      }
      if (byte !== this.sequence[this.matched]) passed.push(byte);
      else if ((this.matched += 1) === this.sequence.length)
        return { passed: Buffer.from(passed), found: true };
    }
    return { passed: Buffer.from(passed), found: false };
  }
}
