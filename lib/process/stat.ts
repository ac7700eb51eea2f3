import fs from 'node:fs';
import { unlessGone } from '../common/unless-gone';

/** Ticks in a second of the times in /proc: USER_HZ, 100 on every architecture that Node runs on, time(7). */
export const TICKS_PER_SECOND = 100;

/** It has ended, before its file was opened or after it; or is not to be looked at. */
const GONE = ['ENOENT', 'ESRCH', 'EACCES', 'EINVAL'];

/** Fields of /proc/PID/stat, proc_pid_stat(5). Times are clock ticks. */
export interface ProcessStat {
  pid: number;
  comm: string;
  state: string;
  ppid: number;
  pgrp: number;
  session: number;
  /** Device number of its terminal; 0: it has none. */
  tty: number;
  /** The process group in that terminal's foreground. */
  tpgid: number;
  utime: number;
  stime: number;
  /** Of its children that were waited for, and of theirs. */
  cutime: number;
  cstime: number;
  priority: number;
  nice: number;
  threads: number;
  /** Since boot. */
  startTime: number;
  /** Bytes. */
  virtualSize: number;
  /** CPU that it ran on last. */
  processor: number;
}

/** @returns undefined where there is no such process any more */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readProcFile(pid, 'stat');
  return text === undefined ? undefined : parseStat(text);
}

/** The name stands in parentheses and may hold blanks and parentheses itself. */
export function parseStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  // Field 3 is the first behind the name.
  const fields = text.slice(close + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3] ?? 0);
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0] ?? '?',
    ppid: field(4),
    pgrp: field(5),
    session: field(6),
    tty: field(7),
    tpgid: field(8),
    utime: field(14),
    stime: field(15),
    cutime: field(16),
    cstime: field(17),
    priority: field(18),
    nice: field(19),
    threads: field(20),
    startTime: field(22),
    virtualSize: field(23),
    processor: field(39),
  };
}

/** A file of /proc/PID as Latin-1; undefined where the process is gone, or another user's. */
export function readProcFile(pid: number, file: string): string | undefined {
  return unlessGone(() => fs.readFileSync(`/proc/${pid}/${file}`, 'latin1'), GONE);
}

/** Where a link of /proc/PID leads: `pid:[4026531836]`. */
export function readProcLink(pid: number | 'self', file: string): string | undefined {
  return unlessGone(() => fs.readlinkSync(`/proc/${pid}/${file}`), GONE);
}
