import fs from 'node:fs';
import { SkiffError } from '../common/errors';
import type { DoctorReport, Finding } from './doctor';
import { apparmorProfile } from './security-modules';
import type { Skiff } from './skiff';

/** For a start that hangs; many times what it takes on a slow machine. */
const TIMEOUT = '60s';

/**
 * Where nothing was found missing, run a container as `run` does: what forbids a system call need not be written anywhere,
 * as the filter of an outer runtime. Nothing of the container is left.
 *
 * @param open with the root directory that `run` would have
 * @returns the report with the finding `container`
 */
export async function withTrial(report: DoctorReport, open: () => Promise<Skiff>): Promise<DoctorReport> {
  if (!report.ok) return report;
  const finding = { name: 'container', ...(await tryContainer(open)) };
  return { ok: finding.status === 'ok', findings: [...report.findings, finding] };
}

async function tryContainer(open: () => Promise<Skiff>): Promise<Omit<Finding, 'name'>> {
  try {
    await using skiff = await open();
    const { exitCode } = await skiff.run(['true'], { timeout: TIMEOUT });
    if (exitCode === 0) return { status: 'ok', detail: 'one was run' };
    return { status: 'missing', detail: `true ended with exit code ${exitCode}` };
  } catch (error) {
    if (!SkiffError.is(error)) throw error;
    const suspect = error.syscall === undefined ? undefined : suspectOf(error.code);
    const blame = suspect === undefined ? '' : ` (most likely forbidden by ${suspect})`;
    return { status: 'missing', detail: error.message + blame, remedy: error.remedy };
  }
}

/**
 * Who forbids a system call to somebody who has the rights for it. A filter of system calls answers as its profile says,
 * with those of the common ones EPERM or ENOSYS; AppArmor answers EACCES, and EPERM where a capability is asked for.
 */
function suspectOf(code: string): string | undefined {
  const profile = apparmorProfile();
  if (profile !== undefined && code === 'EACCES') return `the AppArmor profile ${profile}`;
  if (isFiltered() && (code === 'EPERM' || code === 'ENOSYS'))
    return 'the seccomp filter of the outer container';
  if (profile !== undefined && code === 'EPERM') return `the AppArmor profile ${profile}`;
  return undefined;
}

/** Whether this process was started under a filter of system calls, proc_pid_status(5). */
function isFiltered(): boolean {
  return /^Seccomp:\s*2$/m.test(fs.readFileSync('/proc/self/status', 'latin1'));
}
