import fs from 'node:fs';
import os from 'node:os';

/** What of this machine decides about limits; looked at when a limit asks for it. */
export function thisMachine() {
  return {
    /** Of this process, as the kernel's bit mask; capabilities(7). */
    get capabilities(): bigint {
      const status = fs.readFileSync('/proc/self/status', 'latin1');
      return BigInt(`0x${/^CapPrm:\s*(\S+)$/m.exec(status)?.[1] ?? '0'}`);
    },
    get cpuCount(): number {
      return os.cpus().length;
    },
    get allowedCpus(): string {
      const status = fs.readFileSync('/proc/self/status', 'latin1');
      return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
    },
  };
}
