/** What a word on a command line can name. */
export type ArgumentKind = 'container' | 'image' | 'volume' | 'object' | 'file' | 'signal' | 'none';

/** By the capitals of usage lines and the words between angles of flags' values. */
const KINDS: readonly [pattern: RegExp, kind: ArgumentKind][] = [
  [/^container(:|$)/, 'container'],
  [/^((source_|target_)?image|repository)\b/, 'image'],
  [/^volume$/, 'volume'],
  [/^(file|dir|source|destination|host|path)\b/, 'file'],
  [/^signal$/, 'signal'],
];

/** `CONTAINER:SOURCE`, `[IMAGE]`, `FILE|-`. */
export function kindOf(word: string): ArgumentKind {
  const name = word.replace(/[[\]<>]/g, '').toLowerCase();
  return KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'none';
}

/**
 * What the word at a place behind a command's flags can name, by the command's usage line.
 *
 * @param usage such as `exec [FLAGS] CONTAINER COMMAND [ARG...]`; lines below the first are other forms
 * @param name of the command, whose words come first
 * @param place 0 for the first word
 */
export function argumentKinds(usage: string, name: string, place: number): ArgumentKind[] {
  const forms = usage.split('\n').map(form => {
    const words = form.trim().split(/\s+/).slice(name.split(' ').length);
    return words.filter(word => /^\[?[A-Z]/.test(word) && word !== '[FLAGS]');
  });
  return [...new Set(forms.flatMap(words => kindsAt(words, place, name)))];
}

function kindsAt(words: readonly string[], place: number, name: string): ArgumentKind[] {
  const last = words.at(-1) ?? '';
  const repeats = last.includes('...');
  const word = words[place] ?? (repeats ? last : undefined);
  if (word === undefined) return [];
  // The only command whose NAME is that of something there: what is made is given a new one.
  if (name === 'inspect') return ['object'];
  return [kindOf(word.replace('...', ''))];
}
