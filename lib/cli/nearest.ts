/** As many single-letter changes make a word another's mistyped form. */
const MAX_CHANGES = 2;

/** The word that was most likely meant; undefined where none is near. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map(word => ({ word, changes: word.startsWith(typed) && typed !== '' ? 1 : distance(typed, word) }))
    .filter(({ word, changes }) => changes <= Math.min(MAX_CHANGES, word.length - 1))
    .sort((a, b) => a.changes - b.changes);
  return ranked[0]?.word;
}

/** Levenshtein's distance: letters to add, drop or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
