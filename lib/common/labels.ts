/**
 * Whether labels have all that is asked for: `key`, or `key=value`.
 *
 * @param wanted the values of the filter `label`
 */
export function fitsLabels(
  labels: Readonly<Record<string, string>>,
  wanted: readonly string[] = [],
): boolean {
  return wanted.every(label => {
    const equals = label.indexOf('=');
    if (equals === -1) return Object.hasOwn(labels, label);
    const key = label.slice(0, equals);
    return Object.hasOwn(labels, key) && labels[key] === label.slice(equals + 1);
  });
}
