import type { ContainerAhead, Kind } from './container-ahead';
import { KEPT_MS, type Spare } from './spare';
import { SpareContainer, type Makings } from './spare-container';

/** Kinds of containers that a program starts by turns, such as a compiler's and those of what it has compiled. */
const MAX_KINDS = 4;

/** Of each kind of containers that was started lately, the next one. */
export class SpareContainers implements Spare {
  /** The newest first. */
  private kinds: SpareContainer[] = [];

  constructor(private readonly makings: Makings) {}

  get isReady(): boolean {
    return this.kinds.every(({ isReady }) => isReady);
  }

  /** What is there for a start, which makes another one of its kind more likely; to be disposed of after it. */
  take(kind: Kind): ContainerAhead | undefined {
    const known = this.kinds.find(each => each.isOf(kind));
    const spare = known ?? new SpareContainer(this.makings, kind);
    if (this.kinds[0] !== spare) this.kinds = [spare, ...this.kinds.filter(each => each !== spare)];
    for (const last of this.kinds.splice(MAX_KINDS)) last.end();
    return spare.take();
  }

  async prepare(): Promise<void> {
    const old = this.kinds.filter(({ age }) => age > KEPT_MS);
    this.kinds = this.kinds.filter(kind => !old.includes(kind));
    for (const kind of old) kind.end();
    for (const kind of this.kinds) if (!kind.isReady) await kind.prepare();
  }

  drop(): void {
    for (const kind of this.kinds) kind.end();
    this.kinds = [];
  }
}
