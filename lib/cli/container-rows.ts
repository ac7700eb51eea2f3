import type { ContainerInfo } from '../engine/info';
import { dockerState } from '../engine/looking';
import type { ContainerSize, Sizes } from '../engine/sizes';
import { decimalSize, ellipsis, goTime, humanDuration } from './human';
import type { Listing, LongListing } from './listing';

/** Characters of an id, a command and a mount that lists show. */
const SHORT_ID = 12;
const SHORT_COMMAND = 20;
const SHORT_MOUNT = 15;

/** The fields of `ps --format`, with Docker's names and heads. */
export const containerHeads = {
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Names: 'NAMES',
  Networks: 'NETWORKS',
  Ports: 'PORTS',
  RunningFor: 'CREATED',
  Size: 'SIZE',
  State: 'STATE',
  Status: 'STATUS',
  Label: (name: string) => name,
} satisfies Listing['heads'];

const COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

/** @param size with a column of sizes */
export function containerListing(size: boolean): LongListing<ContainerRow> {
  return {
    heads: containerHeads,
    columns: size ? [...COLUMNS, 'Size'] : COLUMNS,
    cells: row => {
      const cells = [row.ID, row.Image, row.Command, row.RunningFor, row.Status, row.Ports, row.Names];
      if (size) cells.push(row.Size);
      return cells;
    },
  };
}

export interface RowOptions {
  /** Nothing is cut. */
  full: boolean;
  size?: ContainerSize;
  /** Milliseconds since the epoch. */
  now: number;
}

/** @param sizes where they are shown */
export async function containerRows(
  containers: readonly ContainerInfo[],
  options: RowOptions,
  sizes?: Sizes,
): Promise<ContainerRow[]> {
  // There may be a thousand, and nothing to wait for.
  if (!sizes) return containers.map(container => new ContainerRow(container, options));
  const rows: ContainerRow[] = [];
  for (const container of containers) {
    rows.push(new ContainerRow(container, { ...options, size: await sizes.of(container) }));
  }
  return rows;
}

/** A container as lists show it; a field is made when it is asked for. */
export class ContainerRow implements Record<keyof typeof containerHeads, unknown> {
  readonly #container: ContainerInfo;
  readonly #options: RowOptions;

  constructor(container: ContainerInfo, options: RowOptions) {
    this.#container = container;
    this.#options = options;
  }

  get Command(): string {
    return commandText(this.#container.command, this.#options.full);
  }

  get CreatedAt(): string {
    return goTime(this.#container.created);
  }

  get ID(): string {
    const { id } = this.#container;
    return this.#options.full ? id : id.slice(0, SHORT_ID);
  }

  get Image(): string {
    return this.#container.image;
  }

  get Labels(): string {
    return Object.entries(this.#container.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
  }

  get LocalVolumes(): string {
    return String(this.#container.mounts.filter(({ type }) => type === 'volume').length);
  }

  get Mounts(): string {
    const names = this.#container.mounts.map(mount => mount.name ?? mount.source).filter(Boolean);
    return names.map(name => (this.#options.full ? name : ellipsis(name, SHORT_MOUNT))).join(',');
  }

  get Names(): string {
    return this.#container.name;
  }

  get Networks(): string {
    const { network } = this.#container.options;
    return typeof network === 'string' ? network : 'none';
  }

  get Ports(): string {
    return '';
  }

  get RunningFor(): string {
    return `${humanDuration(this.#options.now - this.#container.created)} ago`;
  }

  get Size(): string {
    const { size } = this.#options;
    if (!size) return decimalSize(0);
    return `${decimalSize(size.writeLayer)} (virtual ${decimalSize(size.virtual)})`;
  }

  get State(): string {
    return dockerState(this.#container);
  }

  get Status(): string {
    return statusText(this.#container, this.#options.now);
  }

  /** `{{.Label "key"}}` */
  Label(key: string): string {
    const { labels } = this.#container;
    return Object.hasOwn(labels, key) ? labels[key]! : '';
  }

  toJSON(): Record<string, string> {
    const names = Object.keys(containerHeads).filter(name => name !== 'Label') as (keyof this)[];
    return Object.fromEntries(names.map(name => [name, this[name] as string]));
  }
}

/** Docker's words for what a container does, and since when. */
export function statusText(container: ContainerInfo, now: number): string {
  const { created, startedAt = created, finishedAt, exitCode = 0 } = container;
  const since = (ms: number) => humanDuration(now - ms);
  switch (dockerState(container)) {
    case 'running':
      return `Up ${since(startedAt)}`;
    case 'paused':
      return `Up ${since(startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCode}) ${since(finishedAt ?? startedAt)} ago`;
    case 'exited':
      return finishedAt === undefined
        ? `Exited (${exitCode})`
        : `Exited (${exitCode}) ${since(finishedAt)} ago`;
    case 'dead':
      return 'Dead';
    case 'removing':
      return 'Removal In Progress';
    case 'created':
      return 'Created';
  }
}

function commandText(words: readonly string[], full: boolean): string {
  const text = words.map(word => (word.includes(' ') ? `'${word}'` : word)).join(' ');
  return JSON.stringify(full ? text : ellipsis(text, SHORT_COMMAND));
}
