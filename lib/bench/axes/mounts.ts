import fs from 'node:fs';
import path from 'node:path';
import { buildProgram } from '../floor';
import { measure, type Measured } from '../measure';
import { tryProgram } from '../programs';
import { apiRowWith, startRowWith } from '../skiff-rows';
import { median } from '../statistics';
import { pointOf, ratioOf, type Axis, type AxisPoint, type AxisRatio } from './axis';
import { makeImage } from './image';

const COUNTS = [0, 100, 1000];
/** Containers and bare calls take turns, so that what disturbs the machine meets both. */
const TURNS = 4;
/** Of the bare calls in one turn: they are steady. */
const BARE_ROUNDS = 25;

/**
 * How many mounts are asked for: one directory, bound to directories that the image has; beside the
 * same mount(2) calls, on an overlay too, in a C program that has a mount namespace of its own and does nothing else.
 */
export const mounts: Axis = {
  name: 'mounts asked for',
  async measure({ skiff, layer, directory }, { rounds, limitMs, signal }): Promise<AxisPoint[]> {
    const most = Math.max(...COUNTS);
    const rootfs = await makeImage(path.join(directory, 'images', 'mounts'), layer, { directories: most });
    const scratch = path.join(directory, 'scratch');
    const source = path.join(directory, 'source');
    for (const made of [scratch, source]) fs.mkdirSync(made);
    const calls = {
      program: await buildProgram('mounts', directory),
      directory: path.join(rootfs, 'm'),
      source,
      scratch,
    };
    const optionsOf = (count: number) => ({
      rootfs,
      volumes: Array.from({ length: count }, (_, index) => `${source}:/m/${index}`),
    });
    const lives = COUNTS.map(count => apiRowWith(skiff, optionsOf(count)));
    const starts = COUNTS.map(count => startRowWith(skiff, optionsOf(count)));
    const ours: Measured[] = [...lives, ...starts].map(row => ({ row, times: [] }));
    const bare = COUNTS.map(() => ({ loop: [] as number[], life: [] as number[] }));
    const perTurn = Math.ceil(rounds / TURNS);
    for (let turn = 0; turn < TURNS && !signal?.aborted; turn += 1) {
      const options = { rounds: perTurn, warmUp: 1, limitMs: limitMs / TURNS, signal };
      for (const [index, { times, failure }] of (await measure([...lives, ...starts], options)).entries()) {
        ours[index]!.times.push(...times);
        ours[index]!.failure ??= failure;
      }
      for (const [index, count] of signal?.aborted ? [] : COUNTS.entries()) {
        const { loop, life } = await bareCalls(calls, count, Math.min(perTurn, BARE_ROUNDS));
        bare[index]!.loop.push(...loop);
        bare[index]!.life.push(...life);
      }
    }
    if (bare[0]!.loop.length === 0) return [];
    const [ofLives, ofStarts] = [ours.slice(0, COUNTS.length), ours.slice(COUNTS.length)];
    return COUNTS.flatMap((count, index) => {
      const { loop, life } = costOf(bare, index);
      return [
        pointOf(
          'mounts asked for',
          String(count),
          ofStarts[index]!,
          added(ofStarts, index, loop, 'mount(2) calls'),
        ),
        pointOf(
          'mounts asked for',
          String(count),
          ofLives[index]!,
          added(ofLives, index, life, 'calls and their end'),
        ),
        ...(count === 0 ? [] : barePoints(count, bare[index]!)),
      ];
    });
  },
};

interface Bare {
  /** Ms of the mount(2) calls. */
  loop: number[];
  /** Ms from the clone of the child to the notice of its end, with its mounts taken off. */
  life: number[];
}

async function bareCalls(
  { program, directory, source, scratch }: Record<'program' | 'directory' | 'source' | 'scratch', string>,
  count: number,
  rounds: number,
): Promise<Bare> {
  // On an overlay as new as a container's root: looking a name up there for the first time is part of the call.
  const places = ['--directory', directory, '--source', source, '--overlay', scratch];
  const args = ['--rounds', String(rounds), '--count', String(count), ...places];
  const lines = (await tryProgram(program, args)).trim().split('\n');
  const times = lines.map(line => line.split(' ').map(ns => Number(ns) / 1e6));
  return { loop: times.map(([loop]) => loop!), life: times.map(([, life]) => life!) };
}

/** What the bare calls take, and what they and the end of their namespace do. */
function costOf(bare: readonly Bare[], index: number): { loop: number; life: number } {
  return {
    loop: median(bare[index]!.loop),
    life: median(bare[index]!.life) - median(bare[0]!.life),
  };
}

/** What the mounts add, to what they cost by themselves. */
function added(ours: readonly Measured[], index: number, cost: number, to: string): AxisRatio[] {
  if (index === 0) return [];
  const without = ours[0]!.times;
  const ratios = ours[index]!.times.flatMap((time, round) => {
    const base = without[round];
    return time === undefined || base === undefined ? [] : [(time - base) / cost];
  });
  return ratioOf(`added / ${to}`, ratios);
}

function barePoints(count: number, { loop, life }: Bare): AxisPoint[] {
  const row = (name: string) => ({ name, title: name, does: [], round: () => Promise.resolve(0) });
  return [
    pointOf('mounts asked for', String(count), { row: row('mount(2) calls'), times: loop }),
    pointOf('mounts asked for', String(count), { row: row('calls and their end'), times: life }),
  ];
}
