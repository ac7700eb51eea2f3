/**
 * SIGKILL at random moments of a random mix of all commands, and of monitors and inits; then one `ps -a`. All that was
 * acknowledged is there and usable, and nothing else is. SKIFF_KILL_ROUNDS sets how many are killed, SKIFF_KILL_SEED
 * which: a failure names its own.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../lib/common/identity';
import type { ContainerRecord } from '../../lib/state';
import { parseOwnedName } from '../../lib/volumes/owned-names';
import { run, start } from '../helpers/run';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { MAKERS, pick, type Draw } from './kill-commands';
import { World } from './kill-world';
import { cgroupsOf, mountsBelow } from './support';

const ROUNDS = Number(process.env.SKIFF_KILL_ROUNDS ?? 40);
const SEED = Number(process.env.SKIFF_KILL_SEED ?? Date.now() % 1_000_000);
const TIMEOUT_MS = 180_000 + ROUNDS * 2_000;
/** Killed a little beyond its usual duration at the latest. */
const BEYOND = 1.15;
/** One round in so many kills no command but a monitor or an init. */
const PROCESS_ROUNDS = 8;

/** How a command that was not killed may fail: it met what others had done before. */
const REFUSALS = [
  /no such (container|image|volume|object)/i,
  /is (already )?(not running|paused|not paused|running|restarting)/i,
  /is already in use|is in use|conflict: unable to/i,
  /new name .* same|same name/i,
  /none\.archive: no such file/,
  /ended before|has ended|was removed/i,
];

const root = tempRoot();
const directory = tempDirectory();
const world = new World();
const durations = new Map<string, number>();
const complaints: string[] = [];

afterAll(() => directory.remove());

/** Numbers that a seed tells in advance (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomOf(SEED);

function drawOf(round: number): Draw {
  return { world, below: n => Math.floor(random() * n), directory: directory.path, round };
}

/** @param afterMs undefined: to its end */
async function perform(kind: string, round: number, afterMs?: number): Promise<void> {
  const { args, learn } = MAKERS[kind]!(drawOf(round));
  const begin = performance.now();
  const child = start(args, { root });
  const closed = once(child, 'close');
  child.stdin.end();
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // One that hangs is a failure: something kept a lock, or waits for what is gone.
  const patience = setTimeout(() => {
    complaints.push(`${args.join(' ')}: not done after 60 s`);
    child.kill('SIGKILL');
  }, 60_000);
  const killer = afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), afterMs);
  const [code] = (await once(child, 'exit')) as [number | null];
  // What it left running must not hold its output open: that is waited for, too.
  await Promise.race([closed, sleep(1_000)]);
  child.stdout.destroy();
  child.stderr.destroy();
  clearTimeout(patience);
  clearTimeout(killer);
  const took = performance.now() - begin;
  if (code !== null) durations.set(kind, took);
  const ended = code === null ? `killed after ${took.toFixed(0)} ms` : `code ${code}`;
  world.history.push(
    `${round}: ${args.join(' ')}: ${ended}: ${JSON.stringify(stdout.slice(0, 160))} ${stderr.trim()}`,
  );
  if (code !== null && code !== 0 && !REFUSALS.some(known => known.test(stderr)))
    complaints.push(`${args.join(' ')}: ${ended}: ${stderr}`);
  learn({ code, stdout });
}

/** What can be read now: a container may be on its way out. */
function records(): ContainerRecord[] {
  const containers = path.join(root, 'containers');
  return fs.readdirSync(containers).flatMap(id => {
    const file = path.join(containers, id, 'state.json');
    return fs.existsSync(file) ? [JSON.parse(fs.readFileSync(file, 'utf8')) as ContainerRecord] : [];
  });
}

/** SIGKILL of a container's monitor, of its init, or of both. */
function killProcesses(round: number): void {
  const running = records().filter(({ state }) => state?.monitor && isAlive(state.monitor));
  if (running.length === 0) return;
  const draw = drawOf(round);
  const { id, state } = pick(draw, running);
  const victims = pick(draw, [[state!.monitor], [state!.init], [state!.monitor, state!.init]]);
  world.history.push(`${round}: kill -9 of ${victims.length} of ${id}: ${JSON.stringify(victims)}`);
  for (const victim of victims) if (victim && isAlive(victim)) process.kill(victim.pid, 'SIGKILL');
  world.doubtContainers(fact => fact.ephemeral && fact === world.containers.get(id));
}

async function tell(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args, { root, timeoutMs: 60_000 });
  if (code !== 0 || stderr !== '') complaints.push(`${args.join(' ')}: code ${code}: ${stderr}`);
  return stdout.toString().trimEnd();
}

async function lines(...args: string[]): Promise<string[]> {
  return (await tell(...args)).split('\n').filter(Boolean);
}

interface Listed {
  id: string;
  name: string;
  state: string;
}

async function listContainers(): Promise<Listed[]> {
  const listed = await lines('ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}');
  return listed.map(line => {
    const [id = '', name = '', state = ''] = line.split(' ');
    return { id, name, state };
  });
}

/** Certainties against what is listed. */
function compare(kind: string, facts: Iterable<[string, string, string?]>, listed: readonly string[]): void {
  for (const [id, certainty, name] of facts) {
    const isListed = listed.includes(id);
    if (certainty === 'there' && !isListed)
      complaints.push(`${kind} ${id} is lost:\n    ${world.historyOf(id, id.slice(0, 12), name)}`);
    if (certainty === 'gone' && isListed)
      complaints.push(`${kind} ${id} is still there:\n    ${world.historyOf(id, id.slice(0, 12), name)}`);
  }
}

const NO_TEMPORARY = /^(?!\.)(?!.*\.(tmp|part|new)).*$/;

/** Directories, names, mounts and cgroups are of the listed containers, and of nothing else. */
async function leftovers(listed: readonly Listed[]): Promise<string[]> {
  const entries = (...part: string[]) => {
    const folder = path.join(root, ...part);
    return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  };
  const ids = listed.map(({ id }) => id);
  const ends = listed.filter(({ state }) => ['created', 'exited'].includes(state)).map(({ id }) => id);
  const known = [...world.containers.keys()].filter(id => !ids.includes(id));
  return [
    ...entries('containers')
      .filter(name => !ids.includes(name))
      .map(name => `directory ${name}`),
    ...entries('names')
      .filter(name => !listed.some(each => each.name === name))
      .map(name => `name ${name}`),
    ...entries('names')
      .filter(name => entries('names', name).length !== 1)
      .map(name => `half a name ${name}`),
    ...entries('volumes')
      .filter(name => !NO_TEMPORARY.test(name) && !waits(name))
      .map(name => `temporary volume ${name}`),
    ...['layers', 'records', 'layer-facts', ''].flatMap(part =>
      entries('images', part)
        .filter(name => !NO_TEMPORARY.test(name))
        .map(name => `temporary images/${part}/${name}`),
    ),
    ...ids.flatMap(id =>
      entries('containers', id)
        .filter(name => !NO_TEMPORARY.test(name))
        .map(name => `temporary ${id}/${name}`),
    ),
    ...mountsBelow(root).filter(
      line => !ids.some(id => line.includes(id)) || ends.some(id => line.split(' ')[4]?.includes(id)),
    ),
    ...[...known, ...ends].flatMap(cgroupsOf),
  ];
}

function goesWithItsEnd({ options }: ContainerRecord): boolean {
  return options?.remove === true;
}

/** What a killed process claimed of a container that goes with its end stays as long as that. */
function waits(entry: string): boolean {
  const owned = parseOwnedName(entry);
  return (
    owned?.kind === 'claim' &&
    records().some(
      record => goesWithItsEnd(record) && record.mounts?.some(({ name }) => name === owned.subject),
    )
  );
}

/** Every volume is one of those that were asked for, or one that a container has. */
function ownerless(volumes: readonly string[]): string[] {
  const mounted = records().flatMap(({ mounts = [] }) => mounts.map(({ name }) => name));
  return volumes.filter(name => !mounted.includes(name) && /^[0-9a-f]{64}$/.test(name));
}

async function useContainer({ id, state }: Listed): Promise<void> {
  if (state === 'paused') await tell('unpause', id);
  if (['created', 'exited'].includes(state)) await tell('start', id);
  const files = [...(world.containers.get(id)?.files ?? [])];
  for (const [file, content] of files) {
    const found = await tell('exec', id, 'cat', file);
    if (`${found}\n` !== content)
      complaints.push(`${id}: ${file} holds ${found}:\n    ${world.historyOf(id.slice(0, 12))}`);
  }
  if (files.length === 0) await tell('exec', id, 'true');
}

test(
  `${ROUNDS} kills, then one ps -a (seed ${SEED})`,
  async () => {
    // Each once to its end, so that all durations are known.
    for (const [index, kind] of Object.keys(MAKERS).entries()) await perform(kind, index);
    for (let round = 1000; round < 1000 + ROUNDS; round += 1) {
      if (Math.floor(random() * PROCESS_ROUNDS) === 0) killProcesses(round);
      else {
        const kind = pick(drawOf(round), Object.keys(MAKERS));
        await perform(kind, round, random() * BEYOND * durations.get(kind)!);
      }
    }
    expect({ seed: SEED, complaints }).toEqual({ seed: SEED, complaints: [] });
    await check();
    expect({ seed: SEED, complaints }).toEqual({ seed: SEED, complaints: [] });
  },
  TIMEOUT_MS,
);

async function check(): Promise<void> {
  const listed = await listContainers();
  const left = await until('nothing else is there', async () => {
    const found = await leftovers(listed);
    return found.length === 0 ? found : undefined;
  }).catch(() => leftovers(listed));
  for (const each of left) complaints.push(`left: ${each}`);
  const images = await lines('images', '-a', '-q', '--no-trunc');
  const volumes = await lines('volume', 'ls', '-q');
  for (const name of ownerless(volumes)) complaints.push(`volume ${name} is nobody's`);
  compare(
    'container',
    [...world.containers].map(([id, fact]) => [id, fact.certainty, fact.name]),
    listed.map(({ id }) => id),
  );
  compare('image', world.images, images);
  compare(
    'volume',
    [...world.volumes].map(([name, { certainty }]) => [name, certainty]),
    volumes,
  );
  for (const { id, name } of listed) {
    const known = world.containers.get(id)?.name;
    if (known !== undefined && known !== name) complaints.push(`${id} is ${name}, not ${known}`);
  }
  for (const [ref, id] of world.refs) {
    const found = await tell('image', 'inspect', '-f', '{{.Id}}', ref);
    if (found !== id) complaints.push(`${ref} is ${found}, not ${id}:\n    ${world.historyOf(ref)}`);
  }
  for (const each of listed) await useContainer(each);
  // One may just be on its way.
  for (const { id } of records().filter(goesWithItsEnd)) await run(['rm', '-f', id], { root });
  await tell('ps');
  const hidden = fs.readdirSync(path.join(root, 'volumes')).filter(name => name.startsWith('.'));
  for (const name of hidden) complaints.push(`left: ${name}, with no container to wait for`);
  for (const id of images) await tell('run', id, 'true');
  checkVolumes();
  for (const name of fs.readdirSync(directory.path).filter(each => each.endsWith('.archive')))
    await tell('load', '-q', '-i', path.join(directory.path, name));
  await removeAll();
}

function checkVolumes(): void {
  for (const [name, { certainty, files }] of world.volumes) {
    if (certainty !== 'there') continue;
    for (const [file, content] of files) {
      const full = path.join(root, 'volumes', name, '_data', file);
      if (!fs.existsSync(full) || fs.readFileSync(full, 'utf8') !== content)
        complaints.push(`volume ${name} lost ${file}:\n    ${world.historyOf(name)}`);
    }
  }
}

/** Everything can be removed, and then nothing is left. */
async function removeAll(): Promise<void> {
  const ids = (await listContainers()).map(({ id }) => id);
  if (ids.length > 0) await tell('rm', '-f', '-v', ...ids);
  await tell('system', 'prune', '-f', '-a', '--volumes');
  await tell('volume', 'prune', '-f', '-a');
  const left = ['containers', 'names', 'volumes'].flatMap(part => fs.readdirSync(path.join(root, part)));
  const images = await lines('images', '-a', '-q');
  if (left.length > 0 || images.length !== 1)
    complaints.push(`after the removal of all: ${left.join(' ')} ${images.join(' ')}`);
}
