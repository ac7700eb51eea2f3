/**
 * What a start costs where more is going on or asked for: that each axis does what it says (so many layers, files,
 * mounts, containers), gives its figures, and leaves nothing.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AXIS_NAMES } from '../../lib/bench/axes';
import { makeImage } from '../../lib/bench/axes/image';
import { makeLayers, useLayers } from '../../lib/bench/axes/layers';
import { benchAxes } from '../../lib/bench/bench';
import { buildProgram } from '../../lib/bench/floor';
import { mountPoints } from '../../lib/bench/mountinfo';
import { BenchSession } from '../../lib/bench/session';
import { apiRowWith, startRowWith } from '../../lib/bench/skiff-rows';
import { describeIf } from '../helpers/conditions';
import { tempDirectory, tempRoot } from '../helpers/temp';
import { canLimit } from '../helpers/user-mode';

/** A difference, which noise can make negative. */
const BEYOND = 'skiff stop, beyond node';

/** Where one of these works here, its figures are beside ours. */
const PEERS = /^(podman|conmon)/;

const POINTS: Record<string, string[]> = {
  flight: [...['1', '2', '8', '32'].map(at => `${at}: skiff API`), '2 processes: floor'],
  memory: ['small: skiff API', 'small: spawn', 'large: skiff API', 'large: spawn'],
  idle: ['0', '100', '500'].flatMap(at => [`${at}: skiff API`, `${at}: skiff API, back to back`]),
  layers: ['1', '10', '60'].map(at => `${at}: skiff API`),
  mounts: [
    '0: skiff API start',
    '0: skiff API',
    ...['100', '1000'].flatMap(at => [
      `${at}: skiff API start`,
      `${at}: skiff API`,
      `${at}: mount(2) calls`,
      `${at}: calls and their end`,
    ]),
  ],
  files: ['1000', '10000', '100000'].map(at => `${at}: skiff API`),
  life: ['node -e 0', 'skiff run', 'skiff run -d', 'skiff exec', 'skiff stop', BEYOND].map(
    name => `: ${name}`,
  ),
  list: ['10: skiff ps -a', '1000: skiff ps -a'],
  log: ['32 MiB of yes: skiff monitor'],
  images: ['skiff import', 'tar', 'skiff save', 'skiff load'].map(name => `200 MB, 20,000 files: ${name}`),
  cpu: ['true', 'loop'].flatMap(at => [`${at}: skiff API`, `${at}: skiff API warm`]),
  isolation: [
    ...['no filter, all capabilities', 'defaults', 'sandbox', 'userns auto', 'sandbox, userns host'].map(
      at => `${at}: skiff API`,
    ),
    ...['root', 'without root'].flatMap(who => [
      `${who}, no limit: skiff API`,
      `${who}, no limit: skiff run`,
    ]),
  ],
};

/** Points that are compared with something else of their axis. */
const COMPARED: Record<string, string[]> = {
  flight: ['8: skiff API'],
  memory: ['large: skiff API', 'large: spawn'],
  idle: ['100', '500'].flatMap(at => [`${at}: skiff API`, `${at}: skiff API, back to back`]),
  layers: ['10: skiff API', '60: skiff API'],
  mounts: ['100', '1000'].flatMap(at => [`${at}: skiff API start`, `${at}: skiff API`]),
  files: ['10000: skiff API', '100000: skiff API'],
  life: ['skiff run -d', 'skiff exec', 'skiff stop'].map(name => `: ${name}`),
  list: ['1000: skiff ps -a'],
  log: [],
  images: ['200 MB, 20,000 files: skiff import'],
  cpu: [],
  isolation: [
    ...['defaults', 'sandbox', 'userns auto', 'sandbox, userns host'].map(at => `${at}: skiff API`),
    ...['skiff API', 'skiff run'].map(name => `without root, no limit: ${name}`),
  ],
};

describeIf(
  process.geteuid?.() === 0 && canLimit,
  'root is needed to start containers with the limits that are measured',
  'root',
)('axes', () => {
  test.each(AXIS_NAMES)(
    '%s: each figure is there, and nothing is left',
    async name => {
      const parent = tempRoot();
      // Somebody without root lives below it, too.
      for (const directory of [os.tmpdir(), parent]) fs.chmodSync(directory, 0o711);
      // A round of images takes seconds.
      const rounds = name === 'images' ? 1 : 4;
      const { axes } = await benchAxes({ parent, rounds, axes: [name] });
      const placeOf = (at: string) =>
        name === 'memory' ? (parseInt(at, 10) > 1000 ? 'large' : 'small') : at;
      const told = axes
        .filter(({ name }) => !PEERS.test(name))
        .map(({ at, name: row, ...rest }) => ({ place: `${placeOf(at)}: ${row}`, ...rest }));
      expect(told.map(({ place }) => place)).toEqual(POINTS[name]);
      for (const { place, medianMs, failed } of told) {
        if (!place.endsWith(BEYOND)) expect(medianMs).toBeGreaterThan(0);
        expect(failed).toBe(0);
      }
      const compared = told.filter(({ ratios }) => ratios.some(({ to }) => !PEERS.test(to)));
      expect(compared.map(({ place }) => place)).toEqual(COMPARED[name]);
      for (const { low, median, high } of compared.flatMap(({ ratios }) => ratios)) {
        expect(low).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(high);
      }
      expect(mountPoints().filter(mountPoint => mountPoint.startsWith(parent))).toEqual([]);
      expect(fs.readdirSync(parent)).toEqual([]);
    },
    400_000,
  );

  test.each(AXIS_NAMES)('%s: once aborted it comes to its end, and nothing is left', async name => {
    const parent = tempRoot();
    const signal = AbortSignal.timeout(400);
    // Without the abort these rounds take longer than any test may.
    await benchAxes({ parent, rounds: 1_000_000, axes: [name], signal });
    expect(signal.aborted).toBe(true);
    expect(mountPoints().filter(mountPoint => mountPoint.startsWith(parent))).toEqual([]);
    expect(fs.readdirSync(parent)).toEqual([]);
  });

  test('a container with 60 layers has the files of all of them', async () => {
    await using session = await BenchSession.open({ parent: tempRoot() });
    const { skiff, layer, directory } = session;
    await useLayers(skiff, makeLayers(path.join(directory, 'layers'), layer, 60));
    const { stdout } = await skiff.run(['ls', '/']);
    const names = stdout.split('\n').filter(name => name.startsWith('layer-'));
    expect(names).toHaveLength(59);
    expect(stdout).toMatch(/^bin$/m);
  });

  test('an image has as many files and directories as were asked for, and runs true', async () => {
    await using session = await BenchSession.open({ parent: tempRoot() });
    const { skiff, layer, directory } = session;
    const rootfs = await makeImage(path.join(directory, 'image'), layer, { files: 2500, directories: 3 });
    const all = fs.readdirSync(path.join(rootfs, 'files'), { recursive: true, withFileTypes: true });
    expect(all.filter(entry => entry.isFile())).toHaveLength(2500);
    expect(fs.readdirSync(path.join(rootfs, 'm'))).toEqual(['0', '1', '2']);
    const volumes = ['/m/0', '/m/1'].map(target => `${rootfs}:${target}`);
    for (const row of [apiRowWith, startRowWith])
      expect(await row(skiff, { rootfs, volumes }).round()).toBeGreaterThan(0);
  });
});

describeIf(
  process.geteuid?.() === 0,
  'root is needed to mount',
  'root',
)('the program of bare mounts', () => {
  let directory: ReturnType<typeof tempDirectory>;
  let program: string;
  beforeEach(async () => {
    directory = tempDirectory();
    program = await buildProgram('mounts', directory.path);
    for (const name of ['0', '1'])
      fs.mkdirSync(path.join(directory.path, 'targets', name), { recursive: true });
  });
  afterEach(() => directory.remove());

  const mounts = (...args: string[]) => execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });

  test.each([[], ['--source', '/usr'], ['--overlay', '/mnt']])(
    'prints two times for each round %j',
    (...more: string[]) => {
      const targets = path.join(directory.path, 'targets');
      const output = mounts('--rounds', '3', '--count', '2', '--directory', targets, ...more);
      expect(output).toMatch(/^(\d+ \d+\n){3}$/);
      for (const line of output.trim().split('\n')) {
        const [loop, life] = line.split(' ').map(Number);
        expect(life).toBeGreaterThan(loop!);
      }
      expect(mountPoints().filter(mountPoint => mountPoint.startsWith(directory.path))).toEqual([]);
    },
  );

  test('a directory that is not there is told', () => {
    const targets = path.join(directory.path, 'targets');
    expect(() => mounts('--count', '3', '--directory', targets)).toThrow(/mount: .+: No such file/);
    expect(() => mounts('--count', '1')).toThrow(/usage/);
    expect(() => mounts('--count', '-1', '--directory', targets)).toThrow(/--count/);
  });
});
