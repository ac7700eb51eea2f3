import fs from 'node:fs';
import { identify, type ProcessIdentity } from '../../common/identity';

/** They live in the namespaces that a command entered, and outlive it; csrc/init/main.c. */
const COMPANIONS = ['skiff-monitor', 'skiff-watchdog'];

/**
 * A process of this user that is still in a user namespace whose keeper is gone: it watches over containers that run
 * there, and those have to be found again.
 *
 * @param inode of the user namespace
 */
export function findCompanion(inode: number): ProcessIdentity | undefined {
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || !isCompanion(`/proc/${name}`, inode)) continue;
    const identity = identify(Number(name));
    if (identity) return identity;
  }
  return undefined;
}

function isCompanion(directory: string, inode: number): boolean {
  try {
    const [program = ''] = fs.readFileSync(`${directory}/cmdline`, 'latin1').split('\0');
    return COMPANIONS.includes(program) && fs.readlinkSync(`${directory}/ns/user`) === `user:[${inode}]`;
  } catch {
    // It is gone by now, or another user's.
    return false;
  }
}
