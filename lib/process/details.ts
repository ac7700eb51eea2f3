import fs from 'node:fs';
import { unlessGone } from '../common/unless-gone';
import { readProcFile, TICKS_PER_SECOND, type ProcessStat } from './stat';

/** A process with what ps(1) tells of it; each is found out when it is asked for. */
export class ProcessDetails {
  private status: string | undefined;

  constructor(
    readonly stat: ProcessStat,
    private readonly machine: MachineFacts,
  ) {}

  get realUid(): number {
    return this.id('Uid', 0);
  }

  get effectiveUid(): number {
    return this.id('Uid', 1);
  }

  get effectiveGid(): number {
    return this.id('Gid', 1);
  }

  /** Name of a user of the host, or the number. */
  userName(uid: number): string {
    return this.machine.users.get(uid) ?? String(uid);
  }

  groupName(gid: number): string {
    return this.machine.groups.get(gid) ?? String(gid);
  }

  /** Resident memory in KiB. */
  get residentKib(): number {
    return Number(this.statusField('VmRSS')?.split(' ')[0] ?? 0);
  }

  get memoryPercent(): number {
    return (this.residentKib / this.machine.memoryKib) * 100;
  }

  /** Seconds of CPU time. */
  get cpuSeconds(): number {
    return (this.stat.utime + this.stat.stime) / TICKS_PER_SECOND;
  }

  get elapsedSeconds(): number {
    return Math.max(0, this.machine.uptime - this.stat.startTime / TICKS_PER_SECOND);
  }

  /** Milliseconds since the epoch. */
  get started(): number {
    return this.machine.now - this.elapsedSeconds * 1_000;
  }

  /** Of one CPU, over its whole life. */
  get cpuPercent(): number {
    return this.elapsedSeconds === 0 ? 0 : (this.cpuSeconds / this.elapsedSeconds) * 100;
  }

  /** Program and arguments; the name in brackets where it has none, as a zombie. */
  get commandLine(): string {
    const words = Buffer.from(readProcFile(this.stat.pid, 'cmdline') ?? '', 'latin1')
      .toString()
      .split('\0');
    const line = words.join(' ').trim();
    return line === '' ? `[${this.stat.comm}]` : line;
  }

  /** Terminal as the host names it, tty(4) and pts(4); `?`: none. */
  get terminal(): string {
    const { tty } = this.stat;
    const major = (tty >> 8) & 0xfff;
    const minor = (tty & 0xff) | ((tty >> 12) & 0xfff00);
    if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
    if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
    return '?';
  }

  /** What it waits for in the kernel. */
  get waitChannel(): string {
    const name = readProcFile(this.stat.pid, 'wchan') ?? '';
    return name === '' || name === '0' ? '-' : name;
  }

  private id(name: string, at: number): number {
    return Number(this.statusField(name)?.split('\t')[at] ?? 0);
  }

  private statusField(name: string): string | undefined {
    this.status ??= readProcFile(this.stat.pid, 'status') ?? '';
    return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(this.status)?.[1];
  }
}

/** What of the machine the details of processes are told by. */
export interface MachineFacts {
  /** Milliseconds since the epoch. */
  now: number;
  /** Seconds since boot, proc_uptime(5). */
  uptime: number;
  memoryKib: number;
  users: ReadonlyMap<number, string>;
  groups: ReadonlyMap<number, string>;
}

export function machineFacts(): MachineFacts {
  const memory = /^MemTotal:\s*(\d+) kB$/m.exec(fs.readFileSync('/proc/meminfo', 'latin1'));
  return {
    now: Date.now(),
    uptime: Number(fs.readFileSync('/proc/uptime', 'latin1').split(' ')[0]),
    memoryKib: Number(memory?.[1] ?? 0),
    users: namesIn('/etc/passwd'),
    groups: namesIn('/etc/group'),
  };
}

/** Names by number; of two names for one number the first counts. */
function namesIn(file: string): Map<number, string> {
  const names = new Map<number, string>();
  const lines = (unlessGone(() => fs.readFileSync(file, 'utf8')) ?? '').split('\n');
  for (const line of lines) {
    const [name = '', , id = ''] = line.split(':');
    if (id !== '' && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
