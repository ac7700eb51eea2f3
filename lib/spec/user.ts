import { invalidArgument } from '../common/errors';

/** Highest user or group id, as Docker and runc have it. */
const MAX_ID = 2 ** 31 - 1;

/** Reads a file below the image's root; null where there is none. */
export type ReadFile = (path: string) => Buffer | null;

/** Who runs the command. */
export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: number[];
  home: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/**
 * Find out who `name|uid[:group|gid]` is by Docker's rules: names from the image's /etc/passwd and /etc/group; a
 * number need not stand there; without a group given, the user's own and all groups that list the user.
 *
 * @param text '' is root
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function resolveUser(text: string, readFile: ReadFile): ResolvedUser {
  const [userText = '', groupText = ''] = text.split(':');
  const account = findAccount(userText, parsePasswd(readFile('/etc/passwd')));
  const user = { uid: account.uid, gid: account.gid, home: account.home || '/' };
  const groups = () => parseGroup(readFile('/etc/group'));
  if (groupText !== '') {
    const gid = findGroup(groupText, groups());
    return { ...user, gid, additionalGids: [gid] };
  }
  const listed = account.name === '' ? [] : groups().filter(({ members }) => members.includes(account.name));
  // The user's own group among the others: a file's mode that denies it must not be passed by (CVE-2022-36109).
  return { ...user, additionalGids: [...new Set([user.gid, ...listed.map(({ gid }) => gid)])] };
}

/**
 * More groups for the command, by name or number: `--group-add`.
 *
 * @throws SkiffError INVALID_ARGUMENT for a name that the image's /etc/group does not have
 */
export function withGroups(gids: number[], added: readonly string[], readFile: ReadFile): number[] {
  if (added.length === 0) return gids;
  const groups = parseGroup(readFile('/etc/group'));
  return [...new Set([...gids, ...added.map(text => findGroup(text, groups))])];
}

function findAccount(text: string, accounts: PasswdEntry[]): PasswdEntry {
  const id = toId(text === '' ? '0' : text);
  const account = accounts.find(({ name, uid }) => (id === undefined ? name === text : uid === id));
  if (account) return account;
  if (id === undefined)
    throw invalidArgument(`unable to find user ${text}: no matching entries in passwd file`);
  return { name: '', uid: id, gid: 0, home: '/' };
}

function findGroup(text: string, groups: GroupEntry[]): number {
  const id = toId(text);
  const group = groups.find(({ name, gid }) => (id === undefined ? name === text : gid === id));
  if (group) return group.gid;
  if (id === undefined)
    throw invalidArgument(`unable to find group ${text}: no matching entries in group file`);
  return id;
}

/** The number that a text is; undefined where it is a name. */
function toId(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id < 0 || id > MAX_ID) throw invalidArgument(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

/** Lines of passwd(5); one that has no numbers where numbers belong is passed over. */
function parsePasswd(content: Buffer | null): PasswdEntry[] {
  return fieldsOf(content).flatMap(([name = '', , uid = '', gid = '', , home = '']) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

/** Lines of group(5). */
function parseGroup(content: Buffer | null): GroupEntry[] {
  return fieldsOf(content).flatMap(([name = '', , gid = '', members = '']) =>
    isId(gid) ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }] : [],
  );
}

function fieldsOf(content: Buffer | null): string[][] {
  const lines = content === null ? [] : content.toString('utf8').split('\n');
  return lines
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(':'));
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID;
}
