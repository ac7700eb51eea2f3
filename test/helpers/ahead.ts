/**
 * Whether an entry of a root's containers/ is what a living process keeps ready for its next start: gone two seconds after
 * the last one, and at its close. Of a process that is gone it is a leftover like any other.
 */
export function isKeptAhead(entry: string): boolean {
  const pid = /^\.ahead-(\d+)\./.exec(entry)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}
