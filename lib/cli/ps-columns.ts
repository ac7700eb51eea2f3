import { SkiffError } from '../common/errors';
import type { ProcessDetails } from '../process/details';
import { printable } from './human';

/** A column of `top`, as ps(1) has it. */
export interface PsColumn {
  head: string;
  cell(process: ProcessDetails): string;
}

const DAY_MS = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const column = (head: string, cell: PsColumn['cell']): PsColumn => ({ head, cell });
const command = (head: string) => column(head, process => printable(process.commandLine));
const user = (head: string) => column(head, process => process.userName(process.effectiveUid));

/** By ps's names of formats. */
const COLUMNS: Readonly<Record<string, PsColumn>> = {
  pid: column('PID', ({ stat }) => String(stat.pid)),
  ppid: column('PPID', ({ stat }) => String(stat.ppid)),
  pgid: column('PGID', ({ stat }) => String(stat.pgrp)),
  sid: column('SID', ({ stat }) => String(stat.session)),
  uid: column('UID', process => String(process.effectiveUid)),
  gid: column('GID', process => String(process.effectiveGid)),
  user: user('USER'),
  euser: user('EUSER'),
  ruser: column('RUSER', process => process.userName(process.realUid)),
  group: column('GROUP', process => process.groupName(process.effectiveGid)),
  c: column('C', process => String(Math.min(99, Math.floor(process.cpuPercent)))),
  pcpu: column('%CPU', process => process.cpuPercent.toFixed(1)),
  pmem: column('%MEM', process => process.memoryPercent.toFixed(1)),
  vsz: column('VSZ', ({ stat }) => String(Math.floor(stat.virtualSize / 1024))),
  rss: column('RSS', process => String(process.residentKib)),
  tty: column('TTY', process => process.terminal),
  s: column('S', ({ stat }) => stat.state),
  stat: column('STAT', stateText),
  ni: column('NI', ({ stat }) => String(stat.nice)),
  pri: column('PRI', ({ stat }) => String(39 - stat.priority)),
  nlwp: column('NLWP', ({ stat }) => String(stat.threads)),
  psr: column('PSR', ({ stat }) => String(stat.processor)),
  wchan: column('WCHAN', process => process.waitChannel),
  stime: column('STIME', process => startText(process.started, Date.now())),
  lstart: column('STARTED', process =>
    new Date(process.started).toUTCString().replace(',', '').replace(' GMT', ''),
  ),
  etime: column('ELAPSED', process => clockText(Math.floor(process.elapsedSeconds), 2)),
  etimes: column('ELAPSED', process => String(Math.floor(process.elapsedSeconds))),
  time: column('TIME', process => clockText(Math.floor(process.cpuSeconds), 3)),
  comm: column('COMMAND', ({ stat }) => printable(stat.comm)),
  args: command('COMMAND'),
};

/** Other names of the same, and where they stand under another head. */
const OTHER_NAMES: Readonly<Record<string, [name: string, head?: string]>> = {
  '%cpu': ['pcpu'],
  '%mem': ['pmem'],
  cmd: ['args', 'CMD'],
  command: ['args'],
  cputime: ['time'],
  euid: ['uid', 'EUID'],
  egid: ['gid', 'EGID'],
  nice: ['ni'],
  pgrp: ['pgid', 'PGRP'],
  rssize: ['rss'],
  sess: ['sid', 'SESS'],
  session: ['sid', 'SESS'],
  start_time: ['stime', 'START'],
  state: ['s'],
  tname: ['tty'],
  tt: ['tty', 'TT'],
  thcount: ['nlwp', 'THCNT'],
  ucmd: ['comm', 'CMD'],
  ucomm: ['comm'],
  uname: ['user'],
  vsize: ['vsz'],
};

/** `ps -ef`, `ps u` and `ps`. */
const fullFormat = () => [user('UID'), ...named('pid,ppid,c,stime,tty,time,cmd')];
const simpleFormat = () => named('pid,tty,time,ucmd');
const userFormat = () => [
  ...named('user,pid,pcpu,pmem,vsz,rss,tty,stat,start_time'),
  column('TIME', process => minutesText(process.cpuSeconds)),
  command('COMMAND'),
];

/**
 * The columns that ps's options ask for; of the options that choose processes (`-e`, `-A`, `a`, `x`) nothing is left to
 * do, as they are those of one container.
 *
 * @param words such as `-ef`, `aux`, or `-eo pid,comm`
 * @throws SkiffError INVALID_ARGUMENT for one that is not known
 */
export function psColumns(words: readonly string[]): PsColumn[] {
  const columns: PsColumn[] = [];
  let preset: PsColumn[] | undefined;
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const [, letters = '', attached = ''] = /^-?([^o]*)(.*)$/s.exec(word)!;
    preset = presetOf(letters, word) ?? preset;
    if (attached === '') continue;
    const list = attached === 'o' ? queue.shift() : attached.slice(1);
    if (!list) throw unknownOption(word, 'it needs a list of columns');
    columns.push(...named(list));
  }
  if (columns.length > 0) return columns;
  return preset ?? (words.length > 0 ? simpleFormat() : fullFormat());
}

/** One letter each, as ps has them: with a dash UNIX's, without BSD's. */
function presetOf(letters: string, word: string): PsColumn[] | undefined {
  let preset: PsColumn[] | undefined;
  for (const letter of letters) {
    if (letter === 'f' && word.startsWith('-')) preset = fullFormat();
    else if (letter === 'u') preset = userFormat();
    else if (!'eAax'.includes(letter)) throw unknownOption(word, `'${letter}' is not known`);
  }
  return preset;
}

/** `pid,comm`, or `pid=PROCESS`: a head of one's own. */
function named(list: string): PsColumn[] {
  return list
    .split(/[,\s]+/)
    .filter(Boolean)
    .map(entry => {
      const [, name = '', ownHead] = /^([^=]*)(?:=(.*))?$/s.exec(entry)!;
      const [known, head] = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name]! : [name];
      if (!Object.hasOwn(COLUMNS, known)) {
        throw new SkiffError(`unknown column of processes: ${name}`, {
          code: 'INVALID_ARGUMENT',
          exitCode: 1,
          remedy: `There is ${[...Object.keys(COLUMNS), ...Object.keys(OTHER_NAMES)].sort().join(', ')}.`,
        });
      }
      return { ...COLUMNS[known]!, head: ownHead ?? head ?? COLUMNS[known]!.head };
    });
}

function unknownOption(word: string, reason: string): SkiffError {
  return new SkiffError(`unsupported option of ps: ${word}: ${reason}`, {
    code: 'INVALID_ARGUMENT',
    exitCode: 1,
    remedy: 'Use -ef, aux, or a list of columns: -o pid,user,args.',
  });
}

/** The state with ps's signs: high and low priority, leader of a session, threads, in the foreground. */
function stateText({ stat }: ProcessDetails): string {
  const signs = [
    stat.nice < 0 ? '<' : stat.nice > 0 ? 'N' : '',
    stat.session === stat.pid ? 's' : '',
    stat.threads > 1 ? 'l' : '',
    stat.tpgid === stat.pgrp ? '+' : '',
  ];
  return stat.state + signs.join('');
}

/** The hour of today, else the day of this year, else the year. */
function startText(started: number, now: number): string {
  const date = new Date(started);
  const two = (number: number) => String(number).padStart(2, '0');
  if (now - started < DAY_MS && date.getDate() === new Date(now).getDate()) {
    return `${two(date.getHours())}:${two(date.getMinutes())}`;
  }
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return isThisYear ? `${MONTHS[date.getMonth()]}${two(date.getDate())}` : String(date.getFullYear());
}

/**
 * `[days-]hours:minutes:seconds`.
 *
 * @param parts that are shown at least: 2, or 3 with the hours
 */
function clockText(seconds: number, parts: 2 | 3): string {
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = (seconds % 86_400) / 3_600;
  const clock = `${two((seconds % 3_600) / 60)}:${two(seconds % 60)}`;
  return `${days > 0 ? `${days}-` : ''}${parts === 3 || seconds >= 3_600 ? `${two(hours)}:` : ''}${clock}`;
}

/** BSD's: `0:07`. */
function minutesText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
