const WIDTH = 30;

/**
 * A progress bar that redraws its own line.
 *
 * @param write to the terminal
 */
export function progressBar(write: (text: string) => void) {
  let shown = '';
  return {
    /** @param share of all that is to do: 0 to 1 */
    update(share: number, what: string): void {
      const full = Math.round(Math.min(share, 1) * WIDTH);
      const line = `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}] ${what}`;
      if (line === shown) return;
      write(`\r\x1b[K${line}`);
      shown = line;
    },
    /** Leave no trace of it. */
    clear(): void {
      if (shown) write('\r\x1b[K');
      shown = '';
    },
  };
}
