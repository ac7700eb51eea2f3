import type { Resources } from '../../common/resources';
import type { StorageDriver } from '../../workspace';
import type { WantedIds } from '../../state';
import type { Discardable } from './discards';
import type { UserAhead } from './user-ahead';

/** What decides about a container's directory, its mounted layers and its cgroups. */
export interface Parts {
  driver: StorageDriver;
  /** Topmost first. */
  layers: string[];
  /** Nobody changes its layers as long as they are there. */
  areLayersFixed: boolean;
  resources: Resources;
  /** The same as text, to be compared. */
  limits: string;
  /** Count memory even where it is not limited. */
  usage: boolean;
  /** Count the CPU time of all its processes. */
  cpuTime: boolean;
}

/** Of containers, what can be made ahead of their start. */
export interface Kind {
  /** Where they have ids that nobody else has. */
  ids?: WantedIds;
  /** Undefined where they are made otherwise, or nothing of theirs may be another's. */
  parts?: Parts;
}

/** An id and what is made for it. */
export class ContainerAhead {
  private used = false;

  /**
   * @param parts its directory and its cgroups, as the addon's `start` takes them
   * @param giveBack what no start came to
   */
  constructor(
    readonly id: string,
    readonly user: UserAhead | undefined,
    readonly parts: Discardable | undefined,
    private readonly giveBack: (ahead: ContainerAhead) => void,
  ) {}

  /** For `start`, which takes all of it: what it made is the container's from here on. */
  use(): void {
    this.used = true;
  }

  [Symbol.dispose](): void {
    if (this.used) this.user?.[Symbol.dispose]();
    else this.giveBack(this);
  }
}

/** What is made for one is of use for the other. */
export function areSame(one: Kind, other: Kind): boolean {
  return areSameIds(one.ids, other.ids) && areSameParts(one.parts, other.parts);
}

function areSameIds(one: WantedIds | undefined, other: WantedIds | undefined): boolean {
  return one?.count === other?.count && one?.supply === other?.supply;
}

function areSameParts(one: Parts | undefined, other: Parts | undefined): boolean {
  if (!one || !other) return one === other;
  const { driver, layers, areLayersFixed, limits, usage, cpuTime } = one;
  return (
    driver === other.driver &&
    (layers === other.layers || layers.join('\0') === other.layers.join('\0')) &&
    areLayersFixed === other.areLayersFixed &&
    limits === other.limits &&
    usage === other.usage &&
    cpuTime === other.cpuTime
  );
}
