// node serve-skiff.mjs ENTRY [DRIVER]: serves rounds of skiff, whose main file ENTRY is. For each byte of standard input it
// runs `true` in a container without limits, which nobody has to hand over, and prints a line: ns.
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [entry, storageDriver] = process.argv.slice(2);
const { Skiff } = await import(pathToFileURL(entry).href);
const STREAMS = { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' };

async function round(skiff) {
  const start = process.hrtime.bigint();
  const { exitCode } = await skiff.run(['/bin/true'], STREAMS);
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  return process.hrtime.bigint() - start;
}

try {
  const skiff = await Skiff.open({ storageDriver });
  for await (const orders of process.stdin) {
    for (let i = 0; i < orders.length; i += 1) process.stdout.write(`${await round(skiff)}\n`);
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
