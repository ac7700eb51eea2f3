/** What `--label` and `--opt` tell: `key=value`, or a key alone, which has an empty value. The last of a key counts. */
export function toPairs(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(entry => {
      const equals = entry.indexOf('=');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
