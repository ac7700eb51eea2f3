/**
 * The words of a line as a shell would take them apart, as far as it was typed: of a quote that is still open, the rest
 * belongs to the last word. Nothing is expanded.
 *
 * @returns the words; the last is the one that is being typed, '' behind a blank
 */
export function splitLine(line: string): string[] {
  const words = [''];
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at]!;
    const add = (text: string) => (words[words.length - 1] += text);
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"') add(line[(at += 1)] ?? '');
      else add(character);
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (character === '\\') {
      add(line[(at += 1)] ?? '');
    } else if (!/\s/.test(character)) {
      add(character);
    } else if (words.at(-1) !== '') {
      words.push('');
    }
  }
  return words;
}
