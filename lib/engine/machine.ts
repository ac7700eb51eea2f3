import fs from 'node:fs';
import os from 'node:os';
import { securityModules } from './security-modules';

/** What of this machine decides about limits; looked at when a limit asks for it. */
export function thisMachine() {
  return {
    /** Of this process, as the kernel's bit mask; capabilities(7). */
    get capabilities(): bigint {
      return BigInt(`0x${ownStatus('CapPrm') ?? '0'}`);
    },
    get securityModules() {
      return securityModules();
    },
    get cpuCount(): number {
      return os.cpus().length;
    },
    get allowedCpus(): string {
      return ownStatus('Cpus_allowed_list') ?? '0';
    },
  };
}

/** A field of proc_pid_status(5). */
function ownStatus(name: string): string | undefined {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  return new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1];
}
