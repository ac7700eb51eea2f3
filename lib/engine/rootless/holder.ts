import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { monotonicMs } from '../../common/clock';
import { errorCode, errorMessage, SkiffError } from '../../common/errors';
import { identify, isAliveHere, type ProcessIdentity } from '../../common/identity';
import type { Rootless } from '../../common/rootless';
import { native } from '../../native';
import { findCompanion } from './adopt';
import { findBlockers } from './blockers';
import { ownRanges, toMappings, toSame, type IdMapping } from './subordinate-ids';

/** A process that keeps a user's namespaces. */
export interface Holder {
  process: ProcessIdentity;
  /** Inode of its user namespace. */
  inode: number;
  rootless: Rootless;
}

const RECORD = 'namespaces.json';
const LOCK = 'namespaces.lock';
/** For another command that makes them at the same moment, in ms. */
const LOCK_TIMEOUT_MS = 20_000;
const LOCK_PAUSE_MS = 10;
/** For the helper programs, in ms. */
const HELPER_TIMEOUT_MS = 10_000;
const DIRECTORIES = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin'];

/**
 * The user's namespaces: those that are kept already, else new ones.
 *
 * @param directory the user's runtime directory
 * @param init path of the static init
 * @throws SkiffError USER_NAMESPACE where there can be none, naming who forbids it
 */
export async function holderOf(directory: string, init: string): Promise<Holder> {
  const record = path.join(directory, RECORD);
  const known = readHolder(record);
  if (known) return known;
  const lock = await takeLock(path.join(directory, LOCK));
  try {
    return readHolder(record) ?? (await makeHolder(record, init, { mapIds }));
  } finally {
    fs.closeSync(lock);
  }
}

/** Undefined where there is none, or where it is gone with all containers. */
export function readHolder(record: string): Holder | undefined {
  try {
    const holder = JSON.parse(fs.readFileSync(record, 'utf8')) as Holder;
    if (isAliveHere(holder.process)) return holder;
    const companion = findCompanion(holder.inode);
    return companion && { ...holder, process: companion };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function takeLock(file: string): Promise<number> {
  const fd = fs.openSync(file, 'w', 0o600);
  const until = monotonicMs() + LOCK_TIMEOUT_MS;
  while (!native().tryLock({ fd, exclusive: true })) {
    if (monotonicMs() > until) {
      fs.closeSync(fd);
      throw new SkiffError(`cannot make the user namespace: ${file}: another command holds it`, {
        code: 'EBUSY',
        path: file,
      });
    }
    await sleep(LOCK_PAUSE_MS);
  }
  return fd;
}

/** Whose namespaces they are, and how their ids come about. */
export interface Owner {
  /** Another user than this process's; only root can name one. */
  user?: { uid: number; gid: number };
  /** @param pid of the process whose user namespace has no ids yet */
  mapIds(pid: number): Promise<Rootless> | Rootless;
}

/** Make namespaces, whether there are some or not, and their record. */
export async function makeHolder(record: string, init: string, owner: Owner): Promise<Holder> {
  const child = spawn(init, [], {
    ...owner.user,
    argv0: 'skiff-hold',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
    env: {},
  });
  const complaint = collect(child);
  try {
    const rootless = await giveIds(child, owner);
    const holder = { process: identityOf(child), inode: userNamespaceOf(child), rootless };
    const temporary = `${record}.${process.pid}`;
    fs.writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
    fs.renameSync(temporary, record);
    return holder;
  } catch (error) {
    child.kill('SIGKILL');
    if (SkiffError.is(error)) throw error;
    throw cannotMake(complaint() || errorMessage(error), error);
  } finally {
    for (const stream of [child.stdio[2], child.stdio[3]]) (stream as Duplex).destroy();
    child.unref();
  }
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text.trim().replace(/^skiff: cannot enter the user namespace: /, '');
}

/** The talk with csrc/init/enter.c: it is there; its ids are mapped; all is ready. */
async function giveIds(child: ChildProcess, owner: Owner): Promise<Rootless> {
  const channel = child.stdio[3] as Duplex;
  await heard(channel, child);
  const rootless = await owner.mapIds(child.pid!);
  channel.write('g');
  await heard(channel, child);
  return rootless;
}

async function heard(channel: Duplex, child: ChildProcess): Promise<void> {
  const gone = new AbortController();
  const ended = once(child, 'close', { signal: gone.signal }).then(() =>
    Promise.reject(new Error('it ended')),
  );
  try {
    await Promise.race([once(channel, 'data', { signal: gone.signal }), ended]);
  } finally {
    gone.abort();
    ended.catch(() => undefined);
  }
}

function identityOf(child: ChildProcess): ProcessIdentity {
  const identity = identify(child.pid!);
  if (!identity) throw new Error('the process that keeps it has ended');
  return identity;
}

function userNamespaceOf(child: ChildProcess): number {
  return Number(/\d+/.exec(fs.readlinkSync(`/proc/${child.pid}/ns/user`))![0]);
}

/** With subordinate ids where there are some, and the programs that may map them. */
async function mapIds(pid: number): Promise<Rootless> {
  const [uid, gid] = [process.geteuid!(), process.getegid!()];
  if (uid === 0 && mapAll(pid)) return { uid, gid, ids: 'range' };
  const { uids, gids } = ownRanges(uid);
  const [newuidmap, newgidmap] = [findProgram('newuidmap'), findProgram('newgidmap')];
  if (newuidmap && newgidmap && uids.length > 0 && gids.length > 0) {
    await mapBy(newuidmap, pid, toMappings(uid, uids));
    await mapBy(newgidmap, pid, toMappings(gid, gids));
    return { uid, gid, ids: 'range' };
  }
  fs.writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  fs.writeFileSync(`/proc/${pid}/uid_map`, `0 ${uid} 1\n`);
  fs.writeFileSync(`/proc/${pid}/gid_map`, `0 ${gid} 1\n`);
  return { uid, gid, ids: 'single' };
}

/** Root of a container without privileges gives on all ids that there are, where it may: CAP_SETUID, CAP_SETGID. */
function mapAll(pid: number): boolean {
  try {
    for (const file of ['uid_map', 'gid_map'])
      fs.writeFileSync(`/proc/${pid}/${file}`, toSame(fs.readFileSync(`/proc/self/${file}`, 'latin1')));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EPERM') return false;
    throw error;
  }
}

async function mapBy(program: string, pid: number, mappings: readonly IdMapping[]): Promise<void> {
  const numbers = mappings.flatMap(({ inside, outside, count }) => [inside, outside, count]);
  try {
    await promisify(execFile)(program, [pid, ...numbers].map(String), { timeout: HELPER_TIMEOUT_MS });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new SkiffError(
      `cannot map the ids of the user namespace: ${program}: ${stderr.trim() || errorMessage(error)}`,
      {
        code: 'USER_NAMESPACE',
        path: program,
        remedy: 'See that it is set-user-id root, and that /etc/subuid and /etc/subgid have your ranges.',
        cause: error,
      },
    );
  }
}

/** Only where a system's own programs are: PATH is the user's. */
export function findProgram(name: string): string | undefined {
  return DIRECTORIES.map(directory => path.join(directory, name)).find(file => fs.existsSync(file));
}

function cannotMake(reason: string, cause: unknown): SkiffError {
  const [blocker] = findBlockers();
  return new SkiffError(`cannot make a user namespace: ${blocker?.detail ?? reason}`, {
    code: 'USER_NAMESPACE',
    remedy: blocker?.remedy ?? "'skiff doctor' tells what is missing; root needs none (sudo skiff ...).",
    cause,
  });
}
