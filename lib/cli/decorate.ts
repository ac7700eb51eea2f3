import fs from 'node:fs';
import type tty from 'node:tty';

/** Colours and progress are for terminals, and never for those who set NO_COLOR (no-color.org). */
export function mayDecorate(fd: 1 | 2): boolean {
  return !process.env.NO_COLOR && isTerminal(fd);
}

/** node:tty is loaded for what may be one: it takes as long as the rest of printing a help. */
export function isTerminal(fd: number): boolean {
  if (!fs.fstatSync(fd).isCharacterDevice()) return false;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded at need, see above
  return (require('node:tty') as typeof tty).isatty(fd);
}
