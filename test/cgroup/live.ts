import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import {
  createCgroup,
  describeCgroups,
  detectCgroups,
  listCgroups,
  type Cgroup,
  type CgroupSetup,
} from '../../lib/cgroup';
import type { Resources } from '../../lib/common/resources';

let serial = 0;
const children = new Set<ChildProcess>();
const cgroups = new Set<Cgroup>();

/** An id that no other test, and no other run at the same time, uses. */
export function freshId(): string {
  serial += 1;
  return `test-${process.pid}-${serial}`;
}

/** The real setup, with v1's or v2's hierarchies alone. */
export function liveSetup(version?: 1 | 2): CgroupSetup {
  const setup = detectCgroups();
  const hierarchies = setup.hierarchies.filter(hierarchy => !version || hierarchy.version === version);
  return { ...setup, hierarchies };
}

/** A real cgroup, destroyed by {@link cleanUp}. */
export function liveCgroup(setup: CgroupSetup, resources: Resources, usage = false): Cgroup {
  const cgroup = createCgroup({ setup, id: freshId(), resources, usage });
  if (!cgroup) throw new Error('no cgroup was made');
  cgroups.add(cgroup);
  return cgroup;
}

/** Run a shell script whose first act is to wait; it is put into the cgroup, and then goes on. */
export function runIn(cgroup: Cgroup, script: string): ChildProcess & { pid: number } {
  const child = spawn('/bin/sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.add(child);
  if (child.pid === undefined) throw new Error('sh did not start');
  cgroup.add(child.pid);
  child.stdin?.end('go\n');
  return child as ChildProcess & { pid: number };
}

/** Exit code or signal. */
export async function ended(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode ?? child.exitCode;
}

/** Wait until something holds, at most five seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Content of a cgroup's file, from whichever of its directories has it. */
export function fileOf(cgroup: Cgroup, name: string): string {
  const path = cgroup.paths.map(directory => `${directory}/${name}`).find(file => fs.existsSync(file));
  if (!path) throw new Error(`no ${name} in ${cgroup.paths.join(', ')}`);
  return fs.readFileSync(path, 'utf8').trim();
}

/** Pids in a cgroup's first directory. */
export function pidsOf(cgroup: Cgroup): number[] {
  const text = fs.readFileSync(cgroup.procsFiles[0] ?? '', 'utf8');
  return text.split('\n').filter(Boolean).map(Number);
}

export function isAlive(pid: number): boolean {
  try {
    // A zombie is listed in /proc until its parent asks for it; it no longer runs.
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** End what the test started, and check that none of its cgroups is left. */
export async function cleanUp(): Promise<void> {
  for (const child of children)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  for (const cgroup of cgroups) await cgroup.destroy();
  children.clear();
  cgroups.clear();
  const mine = `test-${process.pid}-`;
  expect(listCgroups(detectCgroups()).filter(({ id }) => id.startsWith(mine))).toEqual([]);
}

/**
 * `describe`, or a skipped one with the reason in its name. With the requirement's name in SKIFF_REQUIRE (a
 * list with commas) the skip is a failure.
 */
export function describeWhere(
  requirement: string,
  reason: string | undefined,
  title: string,
  body: () => void,
): void {
  if (reason === undefined) return describe(title, body);
  const required = (process.env.SKIFF_REQUIRE ?? '').split(',').includes(requirement);
  if (!required) return describe.skip(`${title} (skipped: ${reason})`, body);
  it(title, () => {
    throw new Error(`SKIFF_REQUIRE asks for ${requirement}: ${reason}`);
  });
}

/** Why limits cannot be tested on this version here; undefined where they can. */
export function whyNoLimits(version: 1 | 2): string | undefined {
  const { controllers } = describeCgroups(liveSetup(version));
  const unusable = controllers.filter(({ needed, usable }) => needed && !usable);
  if (unusable.length === 0) return undefined;
  const problems = unusable.map(({ name, version: carried, problem }) => (carried ? problem : `no ${name}`));
  return `on cgroup v${version} here: ${problems.join(', ')}`;
}
