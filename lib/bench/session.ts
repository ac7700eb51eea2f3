import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from '../common/errors';
import { Skiff } from '../engine';
import { buildProgram, Floor, type FloorOptions } from './floor';
import { describeMachine, type Machine } from './machine';
import { PEER_NAMES, peerRows } from './peers';
import { unmountBelow } from './programs';
import type { MissingRow, Row } from './row';
import { apiRow, cliRow, helpRow, nodeRow, POOL_OPTIONS, spawnRow, warmRow } from './skiff-rows';

/** Parked containers of the warm row. */
const POOL_SIZE = 4;

export interface SessionOptions {
  /** A directory is made below it for all that the benchmark makes: on the file system that containers use. */
  parent: string;
  storageDriver?: string;
  /** Keep the phases of every start. */
  trace?: boolean;
}

/** What the parts of the benchmark share: a root directory of its own, a Skiff on it, the layer, the floor program. */
export class BenchSession {
  private readonly rows: Row[] = [];

  private constructor(
    /** All of it is below here. */
    readonly directory: string,
    readonly skiff: Skiff,
    /** Read-only layer that every row uses: the busybox image's. */
    readonly layer: string,
    readonly machine: Machine,
    /** How to run the floor program; undefined where it could not be compiled. */
    readonly floor: FloorOptions | undefined,
    /** Why not. */
    private readonly floorProblem: string,
  ) {}

  static async open({ parent, storageDriver, trace }: SessionOptions): Promise<BenchSession> {
    fs.mkdirSync(parent, { recursive: true, mode: 0o711 });
    const directory = fs.mkdtempSync(path.join(path.resolve(parent), 'bench-'));
    const root = path.join(directory, 'root');
    let skiff: Skiff | undefined;
    try {
      skiff = await Skiff.open({ root, storageDriver, trace });
      const [layer = ''] = await skiff.layers();
      const machine = await describeMachine({ root, storageDriver: skiff.storageDriver });
      const floorRoot = path.join(directory, 'floor-root');
      fs.mkdirSync(floorRoot);
      const built = await buildProgram('floor', directory).catch((error: unknown) => ({
        problem: errorMessage(error),
      }));
      const floor = typeof built === 'string' ? { program: built, layer, root: floorRoot } : undefined;
      const problem = typeof built === 'string' ? '' : built.problem;
      return new BenchSession(directory, skiff, layer, machine, floor, problem);
    } catch (error) {
      await skiff?.close();
      fs.rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * The rows of the single start.
   *
   * @param options.only names of the rows to make; all where undefined
   * @param options.peers names of the peers to look for; all known where undefined
   */
  async makeRows(options: { only?: readonly string[]; peers?: readonly string[] } = {}): Promise<{
    rows: Row[];
    missing: MissingRow[];
  }> {
    const { only, peers = PEER_NAMES } = options;
    const wanted = (name: string) => only === undefined || only.includes(name);
    const missing: MissingRow[] = [];
    if (wanted('floor')) await this.addFloor(missing);
    if (wanted('skiff API')) this.rows.push(apiRow(this.skiff));
    if (wanted('skiff API warm')) await this.addWarm();
    const own = [spawnRow(), nodeRow(), cliRow(this.skiff.root), helpRow()];
    this.rows.push(...own.filter(({ name }) => wanted(name)));
    const found = await peerRows(peers.filter(wanted), { layer: this.layer, directory: this.directory });
    this.rows.push(...found.rows);
    return { rows: [...this.rows], missing: [...missing, ...found.missing] };
  }

  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.rows.map(row => row.close?.()));
    await this.skiff.close();
    // A floor program that was killed leaves the mount of its last life.
    await unmountBelow(this.directory);
    fs.rmSync(this.directory, { recursive: true, force: true });
    for (const row of closed) if (row.status === 'rejected') throw row.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async addWarm(): Promise<void> {
    const pool = await this.skiff.pool({ ...POOL_OPTIONS, size: POOL_SIZE });
    this.rows.push({ ...warmRow(pool), close: () => pool.close() });
  }

  private async addFloor(missing: MissingRow[]): Promise<void> {
    if (!this.floor) return void missing.push({ name: 'floor', reason: this.floorProblem });
    const floor = new Floor(this.floor);
    const row: Row = {
      name: 'floor',
      title: 'the same life in a C program, csrc/bench',
      does: [
        'pid, mount, uts, ipc namespaces',
        'network namespace',
        'own root',
        'own /proc, /sys, /dev',
        'overlay write layer',
        'memory limit',
        'all removed at the end',
      ],
      round: () => floor.round(),
      close: () => floor.close(),
    };
    try {
      await row.round();
      this.rows.push(row);
    } catch (error) {
      await floor.close();
      missing.push({ name: 'floor', reason: errorMessage(error) });
    }
  }
}

/** Names that --only takes. */
export const ROW_NAMES: readonly string[] = [
  'floor',
  'skiff API',
  'skiff API warm',
  'spawn',
  'node -e 0',
  'skiff run',
  'skiff --help',
  ...PEER_NAMES,
];
