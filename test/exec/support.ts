import fs from 'node:fs';
import { start } from '../helpers/run';
import { until } from '../helpers/wait';
import { onlyContainer } from '../terminal/support';
import { commandLine } from '../run/support';

/** A container of the command line's that runs in the background. */
export interface Background {
  /** Host's pid of its command. */
  init: number;
  /** `<root>/containers/<id>` */
  directory: string;
  /** Kill its command, and wait for skiff's end. */
  end(): Promise<void>;
}

/** `skiff run FLAGS sleep 1000` in the background, when its command runs. */
export async function runInBackground(...flags: string[]): Promise<Background> {
  const child = start(['run', ...flags, 'sleep', '1000']);
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  child.stderr.pipe(process.stderr);
  const { directory, init } = await onlyContainer();
  await until('sleep of the container', () => commandLine(init) === 'sleep 1000' || undefined);
  return {
    init,
    directory,
    async end() {
      // Of a container that has ended nothing is there to be killed.
      if (commandLine(init) === 'sleep 1000') process.kill(init, 'SIGKILL');
      await ended;
    },
  };
}

/** What a process is allowed and limited to, as the kernel tells. */
export function restrictionsOf(pid: number): Record<string, unknown> {
  const read = (file: string) => fs.readFileSync(`/proc/${pid}/${file}`, 'latin1');
  const status = read('status')
    .split('\n')
    .filter(line => /^(Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp\w*|Umask):/.test(line));
  return {
    status,
    limits: read('limits'),
    cgroups: read('cgroup'),
    oomScore: read('oom_score_adj'),
    root: fs.statSync(`/proc/${pid}/root/`).ino,
    namespaces: Object.fromEntries(
      fs.readdirSync(`/proc/${pid}/ns`).map(name => [name, fs.readlinkSync(`/proc/${pid}/ns/${name}`)]),
    ),
  };
}

/** The open files of a process, by number. */
export function filesOf(pid: number): Record<string, string> {
  const names = fs.readdirSync(`/proc/${pid}/fd`);
  return Object.fromEntries(names.map(fd => [fd, fs.readlinkSync(`/proc/${pid}/fd/${fd}`)]));
}
