import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { defineCommand } from '../cli/command';
import { errorCode, invalidArgument, SkiffError } from '../common/errors';

export default defineCommand({
  name: 'unshare',
  summary: "Run a program of the host's as root of your user namespace",
  usage: 'unshare COMMAND [ARG...]',
  description:
    'Without being root, containers live in a user namespace of yours. There the files in them have the owners that ' +
    'the containers see, and programs that use the API can start containers. As root it just runs the program.',
  examples: [
    { description: 'A program that uses the API:', command: 'skiff unshare node program.js' },
    { description: "A volume's files, with their owners:", command: 'skiff unshare ls -ln DIRECTORY' },
  ],
  interspersed: false,
  flags: {},
  run({ words }) {
    const [program, ...args] = words;
    if (program === undefined) throw invalidArgument('"skiff unshare" requires a command');
    const { status, signal, error } = spawnSync(program, args, { stdio: 'inherit' });
    if (error) throw notStarted(program, error);
    return Promise.resolve(status ?? 128 + (signal ? os.constants.signals[signal] : 0));
  },
});

function notStarted(program: string, error: Error): SkiffError {
  const code = errorCode(error) ?? 'EIO';
  const reason = { ENOENT: 'executable file not found in $PATH', EACCES: 'permission denied' }[code] ?? code;
  return new SkiffError(`cannot run the program: ${program}: ${reason}`, {
    code,
    path: program,
    exitCode: code === 'ENOENT' ? 127 : 126,
  });
}
