/** What a SkiffError can carry beside its message. */
export interface SkiffErrorDetails {
  /** A short stable name: an errno's name (`ENOENT`) or one of skiff's own (`INVALID_ARGUMENT`). */
  code: string;
  /** The system call that failed, where one did. */
  syscall?: string;
  /** The path or name the failed operation was about. */
  path?: string;
  /** The step of a container's start that failed (`mount`, `clone`, `exec`, ...). */
  step?: string;
  /** One sentence that tells what the user can do about it. */
  remedy?: string;
  /** Exit code for the command line; 125 where none is given. */
  exitCode?: number;
  /** What was thrown below. */
  cause?: unknown;
}

const BRAND = Symbol.for('skiffrun.error');

/**
 * The one error shape of this package; its members are those of {@link SkiffErrorDetails}. Recognise it with {@link SkiffError.is}, not with
 * `instanceof`: jest and worker threads have several realms.
 */
export class SkiffError extends Error {
  override readonly name = 'SkiffError';
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly step?: string;
  readonly remedy?: string;
  readonly exitCode: number;
  readonly [BRAND] = true;

  constructor(message: string, details: SkiffErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.syscall = details.syscall;
    this.path = details.path;
    this.step = details.step;
    this.remedy = details.remedy;
    this.exitCode = details.exitCode ?? 125;
  }

  /** Whether that is one, whichever realm it was made in. */
  static is(value: unknown): value is SkiffError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** An option or argument that cannot be right whatever the machine: refused before anything is created. */
export function invalidArgument(message: string, details: Partial<SkiffErrorDetails> = {}): SkiffError {
  return new SkiffError(message, { code: 'INVALID_ARGUMENT', ...details });
}

/** The errno's name of a failed system call or of a SkiffError; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** The message of anything that was thrown, by whichever realm. */
export function errorMessage(error: unknown): string {
  return typeof error === 'object' &&
    error !== null &&
    'message' in error &&
    typeof error.message === 'string'
    ? error.message
    : String(error);
}
