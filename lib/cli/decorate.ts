import tty from 'node:tty';

/** Colours and progress are for terminals, and never for those who set NO_COLOR (no-color.org). */
export function mayDecorate(fd: 1 | 2): boolean {
  return tty.isatty(fd) && !process.env.NO_COLOR;
}
