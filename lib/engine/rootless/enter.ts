import fs from 'node:fs';
import { native } from '../../native';
import { initPath } from '../checks';
import { runtimeDirectory } from './directories';
import { holderOf } from './holder';

/**
 * Become a program inside of this user's namespaces, as their root: as if it had been started instead of this process,
 * with its descriptors 0 to 2, its directory and its environment.
 *
 * @param program absolute path
 * @throws SkiffError USER_NAMESPACE where there can be none, EACCES for directories of others
 */
export async function enterNamespaces(program: string, args: readonly string[]): Promise<never> {
  const holder = await holderOf(runtimeDirectory(process.geteuid!()), initPath());
  const { process: keeper, inode } = holder;
  native().execute({
    path: initPath(),
    args: ['skiff-enter', String(keeper.pid), String(inode), program, ...args],
    env: Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
  });
  throw new Error('unreachable: execve(2) returns with an error only');
}

/** The same for the command line that this process was started with. */
export async function enterAgain(): Promise<never> {
  // As bin/run's first line has it: this start of node needs no certificates either.
  const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
  delete process.env.NODE_EXTRA_CA_CERTS;
  if (certificates !== undefined) process.env.SKIFF_EXTRA_CA_CERTS = certificates;
  return enterNamespaces(fs.realpathSync(process.execPath), [...process.execArgv, ...process.argv.slice(1)]);
}
