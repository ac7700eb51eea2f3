/*
 * Judges everything in `solutions`, as often as is asked for:
 *
 *     node examples/judge/main.mjs [ROUNDS]
 */
import fs from 'node:fs';
import { Skiff, SkiffError } from 'skiffrun';
import { Judge } from './judge.mjs';

const directory = new URL('solutions/', import.meta.url);
const rounds = Number(process.argv[2] ?? 1);

const skiff = await Skiff.open();
try {
  const judge = await Judge.open(skiff);
  for (let round = 0; round < rounds; round++) {
    await Promise.all(fs.readdirSync(directory).map(name => judgeOne(judge, name)));
  }
} catch (error) {
  // What a program does is a verdict. An error is this machine's: it can not run containers.
  if (!SkiffError.is(error)) throw error;
  console.error(`${error.message}\n${error.remedy ?? ''}`);
  process.exitCode = 1;
} finally {
  await skiff.close();
}

async function judgeOne(judge, name) {
  const { status, cpuMs, wallMs, memoryPeakBytes } = await judge.judge(
    fs.readFileSync(new URL(name, directory)),
  );
  const figures = `${cpuMs.toFixed(0)} ms CPU, ${wallMs.toFixed(0)} ms, ${memoryPeakBytes >> 10} KiB`;
  console.log(`${name.padEnd(24)} ${status.padEnd(14)} ${figures}`);
}
