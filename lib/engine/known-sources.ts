import { native, type FileStates } from '../native';

/** Names that are remembered. */
const MAX_NAMES = 64;

/**
 * What images' names stand for, for as long as none of the files changes that say so. Whoever starts the same image often
 * has it looked up once.
 */
export class KnownSources<Source> {
  private readonly known = new Map<string, { source: Source; states: FileStates }>();

  get(name: string): Source | undefined {
    const known = this.known.get(name);
    if (!known) return undefined;
    if (native().areUnchanged(known)) return known.source;
    this.known.delete(name);
    return undefined;
  }

  /** @param paths of all that was looked at to find it, there or not */
  remember(name: string, source: Source, paths: string[]): void {
    // Undefined where one of them was changed a moment ago.
    const states = native().fileStates({ paths }) ?? undefined;
    if (!states) return;
    const oldest = this.known.keys().next();
    if (this.known.size === MAX_NAMES && !oldest.done) this.known.delete(oldest.value);
    this.known.set(name, { source, states });
  }
}
