import fs from 'node:fs';
import { readProcLink, readStat, type ProcessStat } from './stat';

/** One process of this machine. */
interface Entry {
  stat: ProcessStat;
  /** Its PID namespace: `pid:[4026531836]`; undefined where it may not be seen. */
  namespace: string | undefined;
}

/**
 * The processes of this machine at one moment. It is read once and asked for many containers: each has its own PID
 * namespace, pid_namespaces(7).
 */
export class ProcessTable {
  private constructor(private readonly entries: Map<number, Entry>) {}

  static read(): ProcessTable {
    const entries = new Map<number, Entry>();
    for (const name of fs.readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const pid = Number(name);
      const stat = readStat(pid);
      if (stat) entries.set(pid, { stat, namespace: readProcLink(pid, 'ns/pid') });
    }
    return new ProcessTable(entries);
  }

  /**
   * The processes of a container: those in its init's PID namespace, and their descendants in namespaces that they made.
   *
   * @param init the host's pid of its init
   * @returns by pid; none where it is gone
   */
  of(init: number): ProcessStat[] {
    const namespace = this.entries.get(init)?.namespace;
    // In our own namespace is no container: its pid is another process's by now.
    if (namespace === undefined || namespace === readProcLink('self', 'ns/pid')) return [];
    const members = [...this.entries.values()].filter(entry => this.isMember(entry, namespace));
    return members.map(({ stat }) => stat).sort((one, other) => one.pid - other.pid);
  }

  private isMember(entry: Entry, namespace: string): boolean {
    let next: Entry | undefined = entry;
    // Bounded by the table, should pids have come anew between two reads and made a circle.
    for (let steps = 0; next && steps < this.entries.size; steps += 1) {
      if (next.namespace === namespace) return true;
      next = this.entries.get(next.stat.ppid);
    }
    return false;
  }
}
