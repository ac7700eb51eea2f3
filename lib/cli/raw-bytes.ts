import fs from 'node:fs';

/** What Node puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

/**
 * The last words of this process's command line as the bytes they were given as: Node decodes them as UTF-8, and what is
 * none is lost there.
 *
 * @param words the last of process.argv
 */
export function withRawBytes(words: readonly string[]): (string | Buffer)[] {
  if (!words.some(word => word.includes(REPLACEMENT))) return [...words];
  const line = fs.readFileSync('/proc/self/cmdline', 'latin1').split('\0');
  // Each word ends with a NUL, proc_pid_cmdline(5).
  const raw = line.slice(0, -1).slice(-words.length);
  return words.map((word, index) => {
    const bytes = Buffer.from(raw[index] ?? '', 'latin1');
    return bytes.toString() === word ? bytes : word;
  });
}
