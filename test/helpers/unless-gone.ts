/** What others have comes and goes while a test looks: processes, their files, cgroups. */
const GONE = ['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH'];

/**
 * What a look finds; undefined where it is gone.
 *
 * @param also codes of further errors that mean no more than that
 */
export function unlessGone<T>(look: () => T, ...also: string[]): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (GONE.includes(code) || also.includes(code)) return undefined;
    throw error;
  }
}
