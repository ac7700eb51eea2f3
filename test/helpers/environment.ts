import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { Circus } from '@jest/types';
import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';
import { slowness } from './slowness';
import { endRemains, settledLeaks, snapshot, type Snapshot } from './leaks';

/**
 * Gives each test file a directory of its own as TMPDIR, and after its last hook asserts that nothing of it is left:
 * no mount, cgroup, process, descriptor, file or directory. What is left running is told, and then killed.
 */
export default class LeakCheckingEnvironment extends NodeEnvironment {
  private readonly outerTemp = process.env.TMPDIR;
  private readonly directory = fs.mkdtempSync(path.join(this.outerTemp ?? '/tmp', 'skiff-test-'));
  private before: Snapshot | undefined;
  private readonly failures: string[] = [];

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    // os.tmpdir() reads the real environment, child processes get the test file's copy of it.
    process.env.TMPDIR = this.directory;
    this.global.process.env.TMPDIR = this.directory;
  }

  override async setup(): Promise<void> {
    await super.setup();
    await openLazyDescriptors();
    this.before = snapshot(this.directory);
  }

  /** What a test of its own asked for is for a usual machine. */
  private stretch(test: Circus.TestEntry): void {
    if (test.timeout !== undefined) test.timeout *= slowness;
  }

  /** jest drops the failures of tests where this environment has one itself. */
  handleTestEvent(event: Circus.Event): void {
    if (event.name === 'test_start') this.stretch(event.test);
    if (event.name !== 'test_fn_failure') return;
    const { error, test } = event;
    this.failures.push(
      `${test.name}: ${error instanceof Object && 'stack' in error ? error.stack : String(error)}`,
    );
  }

  override async teardown(): Promise<void> {
    await super.teardown();
    const left = this.before ? await settledLeaks(this.before, this.directory) : [];
    // What a failed test left running would keep this process, and so the whole run, from ending.
    if (this.before && left.length > 0) endRemains(this.before, this.directory);
    if (this.outerTemp === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = this.outerTemp;
    // What is left is evidence, and a mount in it must not be walked into.
    if (left.length > 0) {
      const failed = this.failures.map(failure => `\nThis test failed: ${failure}`).join('');
      throw new Error(`the test file left behind:\n  ${left.join('\n  ')}${failed}`);
    }
    fs.rmSync(this.directory, { recursive: true });
  }
}

/** Node opens some descriptors at first use and keeps them: those of its child watcher, and of fs.watch. */
async function openLazyDescriptors(): Promise<void> {
  fs.watch('/').close();
  await once(spawn('true', { stdio: 'ignore' }), 'exit');
}
