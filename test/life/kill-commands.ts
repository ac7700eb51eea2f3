/** The commands that are killed at random, each with what its outcome tells for certain. */
import fs from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../helpers/run';
import { canLimit } from '../helpers/user-mode';
import type { ContainerFact, World } from './kill-world';

/** How a command ended: code null where it was killed before. */
export interface Outcome {
  code: number | null;
  stdout: string;
}

export interface Attempt {
  args: string[];
  /** Draw the conclusions. A refusal (a code that is neither 0 nor null) has changed nothing. */
  learn(outcome: Outcome): void;
}

/** What a command is made from. */
export interface Draw {
  world: World;
  /** Of a number from 0 to below n. */
  below(n: number): number;
  /** A place for files. */
  directory: string;
  /** Of this attempt: texts and paths of their own. */
  round: number;
}

type Maker = (draw: Draw) => Attempt;

const NAMES = ['bird', 'bat', 'bee', 'bug', 'boa'];
const REFS = ['one:1', 'two:2', 'three:3', 'four:4'];
const VOLUMES = ['data', 'logs', 'mail'];
const ID = /^[0-9a-f]{64}$/m;
const DONE = /^done$/m;
const FOREVER = ['sh', '-c', 'exec sleep 100000'];

export function pick<T>({ below }: Pick<Draw, 'below'>, from: readonly T[]): T {
  return from[below(from.length)]!;
}

function chance(draw: Draw, oneIn: number): boolean {
  return draw.below(oneIn) === 0;
}

const nothing = () => undefined;

/** Something that says no more than that it happened. */
function harmless(args: (draw: Draw) => string[]): Maker {
  return draw => ({ args: args(draw), learn: nothing });
}

interface Chosen {
  reference: string;
  fact?: ContainerFact;
  /** What is done to it may be done to this one. */
  mayBe(fact: ContainerFact): boolean;
}

/** A container that is known, or a name that may be nobody's. */
function someContainer(draw: Draw): Chosen {
  const known = [...draw.world.containers].filter(([, { certainty }]) => certainty === 'there');
  const name = pick(draw, NAMES);
  const [id, fact] =
    known.length === 0 || chance(draw, 5)
      ? (known.find(([, each]) => each.name === name) ?? [])
      : pick(draw, known);
  // A name that nobody has for certain is one of those whose names are in doubt, if anybody's.
  if (id === undefined || fact === undefined)
    return { reference: name, mayBe: each => each.name === undefined };
  const references = [id, id.slice(0, 12), fact.name ?? id];
  return { reference: pick(draw, references), fact, mayBe: each => each === fact };
}

function someImage(draw: Draw): string {
  const refs = [...draw.world.refs.keys()];
  return refs.length === 0 || chance(draw, 3) ? 'busybox' : pick(draw, refs);
}

function make(...verb: string[]): Maker {
  return draw => {
    const { world } = draw;
    const name = pick(draw, NAMES);
    const volume = chance(draw, 2) ? pick(draw, VOLUMES) : undefined;
    const life = pick(draw, [[], [], ['--restart', 'always'], ['--rm', '-v', '/own']]);
    const limit = chance(draw, 3) && canLimit ? ['-m', '64m'] : [];
    const mount = volume === undefined ? [] : ['-v', `${volume}:/v`];
    return {
      args: [...verb, '--name', name, ...life, ...limit, ...mount, someImage(draw), ...FOREVER],
      learn({ stdout }) {
        if (volume !== undefined) world.revive(volume);
        const id = ID.exec(stdout)?.[0];
        if (id === undefined) return;
        world.addContainer(id, name, life.includes('--rm'));
        if (volume !== undefined) world.addVolume(volume);
      },
    };
  };
}

const runForeground: Maker = draw => {
  const { world, round } = draw;
  const volume = pick(draw, VOLUMES);
  const script = `echo ${round} > /v/f${round}; echo done`;
  const args = ['run', '-v', `${volume}:/v`, '-v', '/own', someImage(draw), 'sh', '-c', script];
  return {
    args,
    learn({ stdout }) {
      world.revive(volume);
      if (!DONE.test(stdout)) return;
      world.addVolume(volume);
      world.volumes.get(volume)!.files.set(`f${round}`, `${round}\n`);
    },
  };
};

/** A command after which a container that removes itself is gone, or may be. */
function ending(...verb: string[]): Maker {
  return draw => {
    const { reference, mayBe } = someContainer(draw);
    return {
      args: [...verb, reference],
      learn({ code }) {
        if (code !== null && code !== 0) return;
        draw.world.doubtContainers(fact => fact.ephemeral && mayBe(fact));
      },
    };
  };
}

const rename: Maker = draw => {
  const { reference, fact } = someContainer(draw);
  const name = pick(draw, NAMES);
  return {
    args: ['rename', reference, name],
    learn({ code }) {
      if (code !== 0 && code !== null) return;
      if (fact) fact.name = code === 0 ? name : undefined;
      // Of a container that is perhaps there the name has perhaps changed.
      for (const each of draw.world.containers.values()) if (each.name === reference) each.name = undefined;
    },
  };
};

function remove(...verb: string[]): Maker {
  return draw => {
    const { reference, fact, mayBe } = someContainer(draw);
    return {
      args: [...verb, reference],
      learn({ code, stdout }) {
        if (fact && stdout.includes(reference)) fact.certainty = 'gone';
        else if (code === 0 || code === null) draw.world.doubtContainers(mayBe);
      },
    };
  };
}

/** Writes a file into a container by a command that says when it has done so. */
const exec: Maker = draw => {
  const { reference, fact } = someContainer(draw);
  const { round } = draw;
  return {
    args: ['exec', reference, 'sh', '-c', `echo ${round} > /f${round}; echo done`],
    learn({ stdout }) {
      if (DONE.test(stdout)) fact?.files.set(`/f${round}`, `${round}\n`);
    },
  };
};

const copyIn: Maker = draw => {
  const { reference, fact } = someContainer(draw);
  const { round } = draw;
  const source = path.join(draw.directory, `f${round}`);
  fs.writeFileSync(source, `${round}\n`);
  return {
    args: ['cp', source, `${reference}:/c${round}`],
    learn({ code }) {
      fs.rmSync(source);
      if (code === 0) fact?.files.set(`/c${round}`, `${round}\n`);
    },
  };
};

const copyOut: Maker = draw => {
  const target = path.join(draw.directory, `out${draw.round}`);
  return {
    args: ['cp', `${someContainer(draw).reference}:/etc`, target],
    learn: () => fs.rmSync(target, { recursive: true, force: true }),
  };
};

/** Makes an image and prints its id. */
function imageMaker(args: (draw: Draw, ref: string) => string[]): Maker {
  return draw => {
    const { world } = draw;
    const ref = pick(draw, REFS);
    return {
      args: args(draw, ref),
      learn({ code, stdout }) {
        const id = /^sha256:[0-9a-f]{64}$/m.exec(stdout)?.[0];
        if (id !== undefined) world.addImage(id, ref);
        else if (code === null || code === 0) world.refs.delete(ref);
      },
    };
  };
}

/** An archive that another command wrote whole. */
const archives = (draw: Draw) => fs.readdirSync(draw.directory).filter(name => name.endsWith('.archive'));

const save: Maker = draw => {
  const file = path.join(draw.directory, `${draw.round}.archive`);
  return {
    args: ['save', '-o', file, someImage(draw)],
    // The file is whole or not there: one that is there can be loaded, whatever became of the command.
    learn: nothing,
  };
};

const load: Maker = draw => {
  const known = archives(draw);
  const file = known.length === 0 ? 'none.archive' : pick(draw, known);
  return {
    args: ['load', '-i', path.join(draw.directory, file)],
    learn({ code, stdout }) {
      const { world } = draw;
      const ref = /^Loaded image: (.*)$/m.exec(stdout)?.[1];
      for (const [id, certainty] of world.images) if (certainty === 'gone') world.images.set(id, 'perhaps');
      // Which image has the name now only the archive knows.
      if (ref !== undefined) world.refs.delete(ref);
      else if (code === null || code === 0) world.refs.clear();
    },
  };
};

const exportTree: Maker = draw => {
  const file = path.join(draw.directory, `${draw.round}.tar`);
  return {
    args: ['export', '-o', file, someContainer(draw).reference],
    learn: () => fs.rmSync(file, { force: true }),
  };
};

const tag: Maker = draw => {
  const { world } = draw;
  const source = someImage(draw);
  const target = pick(draw, REFS);
  const id = world.refs.get(source);
  return {
    args: ['tag', source, target],
    learn({ code }) {
      if (code !== 0 && code !== null) return;
      if (code === 0 && id !== undefined) world.refs.set(target, id);
      else world.refs.delete(target);
    },
  };
};

const removeImage: Maker = draw => {
  const { world } = draw;
  const ref = pick(draw, REFS);
  const id = world.refs.get(ref);
  return {
    args: ['rmi', ...(chance(draw, 3) ? ['-f'] : []), ref],
    learn({ code, stdout }) {
      if (code !== 0 && code !== null) return;
      world.refs.delete(ref);
      forgetDeleted(world, stdout);
      if (code === null && id === undefined) world.doubtImages();
      else if (code === null) world.doubtImages(other => other === id);
      else if (id === undefined) world.doubtImages(other => !world.isNamed(other));
    },
  };
};

/** Images that a command says it has deleted. */
function forgetDeleted(world: World, stdout: string): void {
  for (const [, id] of stdout.matchAll(/^deleted: (sha256:[0-9a-f]{64})$/gim)) {
    world.doubtImages(other => other === id);
    if (world.images.has(id!)) world.images.set(id!, 'gone');
  }
}

const createVolume: Maker = draw => {
  const name = pick(draw, VOLUMES);
  return {
    args: ['volume', 'create', name],
    learn({ stdout }) {
      draw.world.revive(name);
      if (stdout.includes(`${name}\n`)) draw.world.addVolume(name);
    },
  };
};

const removeVolume: Maker = draw => {
  const name = pick(draw, VOLUMES);
  return {
    args: ['volume', 'rm', name],
    learn({ code, stdout }) {
      const { world } = draw;
      const fact = world.volumes.get(name);
      if (stdout.includes(`${name}\n`)) world.volumes.set(name, { certainty: 'gone', files: new Map() });
      else if (fact && code === null) world.doubtVolumes(other => other === name);
    },
  };
};

/** All that is pruned of these kinds is in doubt, but what is told to be gone. */
function prune(args: string[], kinds: { containers?: true; images?: true; volumes?: true }): Maker {
  return ({ world }) => ({
    args,
    learn({ code, stdout }) {
      const isKilled = code === null;
      if (kinds.containers && isKilled) world.doubtContainers();
      for (const [id, fact] of world.containers) if (stdout.includes(id)) fact.certainty = 'gone';
      const all = args.includes('-a');
      if (kinds.images) forgetDeleted(world, stdout);
      if (kinds.images && isKilled) world.doubtImages(id => all || !world.isNamed(id));
      if (kinds.volumes && isKilled) world.doubtVolumes();
      if (!kinds.volumes) return;
      for (const name of VOLUMES.filter(each => stdout.includes(`${each}\n`))) {
        world.volumes.set(name, { certainty: 'gone', files: new Map() });
      }
    },
  });
}

const onContainer = (...verb: string[]) => harmless(draw => [...verb, someContainer(draw).reference]);

/** By a name for its usual duration; the more common the more often. */
export const MAKERS: Readonly<Record<string, Maker>> = {
  'run -d': make('run', '-d'),
  'run -d again': make('run', '-d'),
  run: runForeground,
  create: make('create'),
  start: onContainer('start'),
  stop: ending('stop', '-t', '0'),
  kill: ending('kill'),
  restart: ending('restart', '-t', '0'),
  // A user without a cgroup has no freezer either.
  ...(canLimit && { pause: onContainer('pause'), unpause: onContainer('unpause') }),
  rename,
  update: onContainer('update', ...(canLimit ? ['--pids-limit', '50'] : ['--restart', 'no'])),
  rm: remove('rm'),
  'rm -f': remove('rm', '-f', '-v'),
  exec,
  'exec -d': harmless(draw => ['exec', '-d', someContainer(draw).reference, 'sleep', '100000']),
  logs: onContainer('logs'),
  commit: imageMaker((draw, ref) => ['commit', someContainer(draw).reference, ref]),
  import: imageMaker((draw, ref) => [
    ...['import', '-m', `round ${draw.round}`],
    ...[path.join(projectRoot, 'busybox.tar'), ref],
  ]),
  load,
  save,
  tag,
  rmi: removeImage,
  'cp in': copyIn,
  'cp out': copyOut,
  export: exportTree,
  diff: onContainer('diff'),
  inspect: onContainer('inspect'),
  'volume create': createVolume,
  'volume rm': removeVolume,
  'volume prune': prune(['volume', 'prune', '-f', '-a'], { volumes: true }),
  'container prune': prune(['container', 'prune', '-f'], { containers: true }),
  'image prune': prune(['image', 'prune', '-f'], { images: true }),
  'image prune -a': prune(['image', 'prune', '-f', '-a'], { images: true }),
  'system prune': prune(['system', 'prune', '-f', '--volumes'], {
    containers: true,
    images: true,
    volumes: true,
  }),
  ps: harmless(() => ['ps', '-a']),
  images: harmless(() => ['images', '-a']),
};
