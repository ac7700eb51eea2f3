import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from '../common/errors';
import { packageRoot } from '../common/package';

/** How attacks from inside of containers went. An attack counts as blocked where it succeeded in its control, too. */
export interface EscapeResult {
  blocked: number;
  tried: number;
  /** Without a target on this kernel. */
  skipped: number;
  /** Why there is no result. */
  reason?: string;
}

/** The part of `jest --json` that is read. */
interface JestResult {
  testResults: { assertionResults: { title: string; status: string; ancestorTitles: string[] }[] }[];
}

const SUITE = 'test/escape/escape.test.ts';
/** Of a slow machine, in ms. */
const TIMEOUT_MS = 300_000;
const NONE = { blocked: 0, tried: 0, skipped: 0 };

/** Run the escape suite: each of its attacks has one name, however many kinds of containers it is tried on. */
export async function runEscapeSuite({ signal }: { signal?: AbortSignal } = {}): Promise<EscapeResult> {
  const jest = path.join(packageRoot(), 'node_modules', 'jest', 'bin', 'jest.js');
  if (![jest, path.join(packageRoot(), SUITE)].every(file => fs.existsSync(file)))
    return { ...NONE, reason: 'its programs are in a checkout, with the development dependencies' };
  try {
    return countAttacks(JSON.parse(await outputOf([jest, '--json', SUITE], signal)) as JestResult);
  } catch (error) {
    return { ...NONE, reason: errorMessage(error) };
  }
}

/** Its exit code says no more than what it prints. */
function outputOf(args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: packageRoot(),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
      signal,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}

/** @param result as `jest --json` has it */
export function countAttacks({ testResults }: JestResult): EscapeResult {
  const attacks = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ ancestorTitles }) => ancestorTitles.length > 0);
  const names = (status: (given: string) => boolean) =>
    new Set(attacks.filter(attack => status(attack.status)).map(({ title }) => title));
  const failed = names(status => status === 'failed');
  const passed = names(status => status === 'passed');
  const blocked = [...passed].filter(title => !failed.has(title)).length;
  const tried = new Set([...passed, ...failed]).size;
  return { blocked, tried, skipped: names(status => status === 'pending').size };
}
