/**
 * Many at once: command lines on one root, first starts on an empty one, and claims of one name. All are right, and
 * nothing is left.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Skiff } from '../../lib/engine';
import { projectRoot, run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { containersOf, haveFirstStarts, leftSince, lookAround, mountsBelow, Program } from './support';

afterEach(() => Program.endAll());

/** Fifty node processes on two cores shared with others. */
const TIMEOUT_MS = 180_000;

test(
  'fifty command lines at once',
  async () => {
    const root = tempRoot();
    const before = lookAround();
    const numbers = Array.from({ length: 50 }, (_, number) => number);
    const ran = await Promise.all(
      numbers.map(number =>
        run(['run', '-i', 'sh', '-c', `cat; echo ${number}; exit ${number}`], {
          root,
          input: `input ${number}\n`,
          timeoutMs: TIMEOUT_MS,
        }),
      ),
    );
    expect(ran.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      numbers.map(code => ({ code, stderr: '' })),
    );
    expect(ran.map(({ stdout }) => String(stdout))).toEqual(
      numbers.map(number => `input ${number}\n${number}\n`),
    );
    expect([...containersOf(root), ...mountsBelow(root)]).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'twenty first starts at once on a root that is not there',
  async () => {
    const root = path.join(tempRoot(), 'not', 'there');
    const before = lookAround();
    const ran = await Promise.all(
      Array.from({ length: 20 }, () =>
        run(['run', 'sh', '-c', 'ls /bin | wc -l'], { root, timeoutMs: TIMEOUT_MS }),
      ),
    );
    for (const { code, stderr } of ran) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // Nobody saw an image that was only half there.
    expect(new Set(ran.map(({ stdout }) => String(stdout))).size).toBe(1);
    expect(fs.readdirSync(path.join(root, 'images', 'layers'))).toHaveLength(1);
    expect([...containersOf(root), ...mountsBelow(root)]).toEqual([]);
    expect(await leftSince(before)).toEqual([]);
  },
  TIMEOUT_MS,
);

test('two hundred runs at once from one process', async () => {
  const root = tempRoot();
  await using skiff = await Skiff.open({ root });
  await haveFirstStarts(skiff);
  const before = lookAround();
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  const results = await Promise.all(numbers.map(number => skiff.run(['echo', String(number)])));
  expect(results.map(({ stdout }) => stdout)).toEqual(numbers.map(number => `${number}\n`));
  expect(containersOf(root)).toEqual([]);
  expect(await leftSince(before)).toEqual([]);
}, 120_000);

describe('a name', () => {
  const CLAIM = `
    const skiff = await Skiff.open({ root });
    say('open');
    for (let name; (name = await hear()); ) {
      try {
        const container = await skiff.start(['cat'], { name, stdin: 'pipe' });
        say('won');
        await hear();
        await container.remove();
        say('removed');
      } catch (error) {
        say(error.code);
      }
    }
    await skiff.close();`;

  test('that two processes claim at the same moment goes to exactly one of them', async () => {
    const root = tempRoot();
    const rivals = [Program.start(CLAIM, root), Program.start(CLAIM, root)];
    for (const rival of rivals) expect(await rival.heard()).toBe('open');
    for (let round = 0; round < 20; round += 1) {
      for (const rival of rivals) rival.tell('same');
      const outcomes = await Promise.all(rivals.map(rival => rival.heard<string>()));
      expect([...outcomes].sort()).toEqual(['NAME_IN_USE', 'won']);
      const winner = rivals[outcomes.indexOf('won')]!;
      winner.tell();
      expect(await winner.heard()).toBe('removed');
    }
    for (const rival of rivals) rival.child.stdin!.end();
    await Promise.all(rivals.map(rival => rival.ended));
    expect(containersOf(root)).toEqual([]);
  });

  test('that a killed process left goes to exactly one of those who want it', async () => {
    const root = tempRoot();
    const rivals = Array.from({ length: 4 }, () => Program.start(CLAIM, root));
    for (const rival of rivals) expect(await rival.heard()).toBe('open');
    const claim = path.join(root, 'names', 'stale');
    for (let round = 0; round < 20; round += 1) {
      fs.mkdirSync(claim, { recursive: true });
      fs.writeFileSync(path.join(claim, '0'.repeat(64)), '');
      for (const rival of rivals) rival.tell('stale');
      const outcomes = await Promise.all(rivals.map(rival => rival.heard<string>()));
      expect([...outcomes].sort()).toEqual(['NAME_IN_USE', 'NAME_IN_USE', 'NAME_IN_USE', 'won']);
      const winner = rivals[outcomes.indexOf('won')]!;
      winner.tell();
      expect(await winner.heard()).toBe('removed');
    }
    for (const rival of rivals) rival.child.stdin!.end();
    await Promise.all(rivals.map(rival => rival.ended));
    expect(containersOf(root)).toEqual([]);
  });

  test('left by killed processes and wanted by two in the same millisecond is never had twice', async () => {
    const root = tempRoot();
    const count = 1_000;
    for (let number = 0; number < count; number += 1) {
      fs.mkdirSync(path.join(root, 'names', `n${number}`), { recursive: true });
      fs.writeFileSync(path.join(root, 'names', `n${number}`, '0'.repeat(64)), '');
    }
    const source = (letter: string) => `
      const { ContainerStore } = require(${JSON.stringify(path.join(projectRoot, 'dist', 'state'))});
      const store = new ContainerStore(root);
      const id = '${letter}'.repeat(64);
      fs.mkdirSync(store.directory(id), { recursive: true });
      say('ready');
      const start = Number(await hear());
      const won = [];
      for (let number = 0; number < ${count}; number += 1) {
        while (Date.now() < start + number);
        try {
          store.names.claim('n' + number, id);
          won.push(number);
        } catch (error) {
          if (error.code !== 'NAME_IN_USE') throw error;
        }
      }
      say(won);`;
    const rivals = ['a', 'b'].map(letter => Program.start(source(letter), root));
    for (const rival of rivals) expect(await rival.heard()).toBe('ready');
    const start = Date.now() + 200;
    for (const rival of rivals) rival.tell(String(start));
    const won = await Promise.all(rivals.map(rival => rival.heard<number[]>()));
    await Promise.all(rivals.map(rival => rival.ended));
    expect(won.flat().sort((one, other) => one! - other!)).toEqual(
      Array.from({ length: count }, (_, n) => n),
    );
    fs.rmSync(root, { recursive: true });
  });

  test('claimed twenty times at once in one process goes to exactly one', async () => {
    const root = tempRoot();
    await using skiff = await Skiff.open({ root });
    const claims = await Promise.allSettled(
      Array.from({ length: 20 }, () => skiff.run(['sleep', '0.5'], { name: 'one' })),
    );
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const claim of claims)
      if (claim.status === 'rejected')
        expect(claim.reason).toMatchObject({ code: 'NAME_IN_USE', step: 'name' });
    expect(containersOf(root)).toEqual([]);
  });
});
