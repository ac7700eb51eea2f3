// node serve-sandbox-runtime.mjs ENTRY: serves rounds of the npm package @anthropic-ai/sandbox-runtime, whose main file ENTRY
// is. For each byte of standard input it wraps and runs `true` as the package's README has it, and prints a line: ns.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

/** No network, nothing to be written, everything may be read: the least that it is asked for. */
const NOTHING = {
  network: { allowedDomains: [], deniedDomains: [] },
  filesystem: { denyRead: [], allowWrite: [], denyWrite: [] },
};

const { SandboxManager } = await import(pathToFileURL(process.argv[2]).href);

async function round() {
  const start = process.hrtime.bigint();
  const command = await SandboxManager.wrapWithSandbox('/bin/true');
  await new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  });
  return process.hrtime.bigint() - start;
}

try {
  await SandboxManager.initialize(NOTHING);
  for await (const orders of process.stdin) {
    for (let i = 0; i < orders.length; i += 1) process.stdout.write(`${await round()}\n`);
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await SandboxManager.reset();
}
