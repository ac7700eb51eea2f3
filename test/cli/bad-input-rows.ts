/**
 * The rows of bad-input.test.ts: what `run` refuses, with Docker's wording where Docker has one. `<dir>` stands for the
 * directory with the archives and programs that the test makes.
 */
import fs from 'node:fs';
import os from 'node:os';

const CPUS = os.cpus().length;
const ALLOWED = /^Cpus_allowed_list:\s*(\S+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))![1]!;
const CPU_RANGE = `Range of CPUs is from 0.01 to ${CPUS}.00, as there are only ${CPUS} CPUs available`;
const NO_PROGRAM = 'It is no program for this machine; a script needs a first line such as #!/bin/sh.';
const NO_IMAGE = 'There is busybox; the path of a tar archive, such as ./rootfs.tar, is an image too.';
const VOLUME =
  'Use /host:/container, name:/container or /container, the first two with :ro where wanted; a path with a colon in it can be given to --mount.';
const HELP = "See 'skiff run --help'.";

const below = (...args: string[]) => ['--rootfs', '<dir>/rootfs', ...args];
const image = (name: string) => ['--image', `<dir>/${name}`, 'true'];

/** What the case is, arguments of `run`, exit code, message, remedy. */
export type Row = [what: string, args: string[], code: number, message: string, remedy?: string];

export const rows: readonly Row[] = [
  ['unknown flag', ['--nosuch', 'true'], 125, 'unknown flag: --nosuch', HELP],
  ['unknown short flag', ['-Z', 'true'], 125, "unknown shorthand flag: 'Z' in -Z", HELP],
  ['flag without value', ['--memory'], 125, 'flag needs an argument: --memory', HELP],
  ['short flag without value', ['-m'], 125, "flag needs an argument: 'm' in -m", HELP],
  // Node has a flag of that name, and takes it from a script's own arguments unless it is told where its own end.
  [
    'environment file that is not there',
    ['--env-file', '/nosuch', 'true'],
    125,
    'open env file: /nosuch: no such file or directory',
  ],
  [
    'flags that exclude each other',
    ['--rm', '--keep', 'true'],
    125,
    'conflicting options: --rm and --keep',
    HELP,
  ],
  ['unknown image', ['--image', 'nosuch', 'true'], 125, 'no such image: nosuch', NO_IMAGE],
  ['archive that is not there', image('no.tar'), 125, 'no such image: <dir>/no.tar: no such file', NO_IMAGE],
  [
    'archive that is a directory',
    image('directory.tar'),
    125,
    'no such image: <dir>/directory.tar: not a regular file',
    NO_IMAGE,
  ],
  ['empty archive', image('empty.tar'), 125, 'unpack: <dir>/empty.tar: the file is empty'],
  [
    'archive that is none',
    image('noise.tar'),
    125,
    "unpack: <dir>/noise.tar: broken tar: a header's checksum is wrong: it is damaged, or no tar",
  ],
  [
    'truncated archive',
    image('cut.tar'),
    125,
    "unpack: <dir>/cut.tar: tar entry 'bin/busybox': Unexpected end of data",
  ],
  [
    'archive with ../',
    image('dots.tar'),
    125,
    "unpack: <dir>/dots.tar: tar entry '../file' leads out of the layer",
  ],
  [
    'archive with ../ further in',
    image('inner-dots.tar'),
    125,
    "unpack: <dir>/inner-dots.tar: tar entry 'a/../../file' leads out of the layer",
  ],
  [
    'archive with an absolute name',
    image('absolute.tar'),
    125,
    "unpack: <dir>/absolute.tar: tar entry '/etc/file' has an absolute name, it leads out of the layer",
  ],
  [
    'rootfs that is not there',
    ['--rootfs', '<dir>/no', 'true'],
    125,
    'cannot use the root file system: <dir>/no: no such directory',
  ],
  [
    'rootfs that is a file',
    ['--rootfs', '<dir>/file', 'true'],
    125,
    'cannot use the root file system: <dir>/file: not a directory',
  ],
  ['memory below the minimum', ['-m', '1k', 'true'], 125, 'Minimum memory limit allowed is 6MB'],
  [
    'memory that is no size',
    ['-m', 'abc', 'true'],
    125,
    'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\'',
    HELP,
  ],
  [
    'swap below memory',
    ['-m', '64m', '--memory-swap', '32m', 'true'],
    125,
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    'swap without memory',
    ['--memory-swap', '32m', 'true'],
    125,
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  ['negative cpus', ['--cpus', '-1', 'true'], 125, CPU_RANGE],
  ['too many cpus', ['--cpus', '99999', 'true'], 125, CPU_RANGE],
  [
    'cpu that is not there',
    ['--cpuset', '99', 'true'],
    125,
    `Requested CPUs are not available - requested 99, available: ${ALLOWED}`,
  ],
  ['cpuset that is no list', ['--cpuset', '1-', 'true'], 125, 'Invalid value 1- for cpuset cpus'],
  ['cpu shares below the minimum', ['--cpu-shares', '1', 'true'], 125, 'The minimum allowed cpu-shares is 2'],
  [
    'relative directory',
    ['-w', 'relative', 'true'],
    125,
    "the working directory 'relative' is invalid, it needs to be an absolute path",
  ],
  [
    'directory that is a file',
    ['-w', '/etc/passwd', 'true'],
    125,
    'cannot start the container: cwd: chdir: /etc/passwd: Not a directory',
  ],
  [
    'unknown user',
    ['-u', 'nobody-here', 'true'],
    125,
    'unable to find user nobody-here: no matching entries in passwd file',
  ],
  [
    'unknown group',
    ['-u', '0:nobody-here', 'true'],
    125,
    'unable to find group nobody-here: no matching entries in group file',
  ],
  ['user out of range', ['-u', '99999999999', 'true'], 125, 'uids and gids must be in range 0-2147483647'],
  ['no command', [], 125, 'no command specified'],
  ['empty command', [''], 125, 'no command specified'],
  ['empty command with arguments', ['', 'a'], 125, 'no command specified'],
  ['image and no command', ['busybox'], 125, 'no command specified'],
  ['rootfs and no command', ['--rootfs', '/'], 125, 'no command specified'],
  [
    'invalid name',
    ['--name', 'a b', 'true'],
    125,
    'Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
  [
    'name that leads elsewhere',
    ['--name', '../x', 'true'],
    125,
    'Invalid container name (../x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
  [
    'invalid host name',
    ['-h', 'a_b', 'true'],
    125,
    'invalid hostname format: a_b',
    'A host name has letters, digits, inner hyphens and dots, 64 characters at most.',
  ],
  [
    'unknown ulimit',
    ['--ulimit', 'bogus=1', 'true'],
    125,
    'invalid ulimit type: bogus',
    'Known are core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack.',
  ],
  [
    'soft ulimit above the hard one',
    ['--ulimit', 'nofile=9:1', 'true'],
    125,
    'ulimit soft limit must be less than or equal to hard limit: 9 > 1',
  ],
  [
    'sysctl of the host',
    ['--sysctl', 'kernel.panic=1', 'true'],
    125,
    "sysctl 'kernel.panic' is not allowed",
    'Only parameters of the container itself can be set: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*.',
  ],
  [
    'relative tmpfs',
    ['--tmpfs', 'run', 'true'],
    125,
    "invalid mount path: 'run' mount path must be absolute",
  ],
  ['unknown tmpfs option', ['--tmpfs', '/x:bogus', 'true'], 125, 'invalid tmpfs option "bogus"'],
  ['volume at a mode', ['-v', '/etc:ro', 'true'], 125, "invalid volume specification: '/etc:ro'", VOLUME],
  ['volume without a source', ['-v', ':/x', 'true'], 125, "invalid volume specification: ':/x'", VOLUME],
  [
    'volume with a colon',
    ['-v', '/a:/b:ro:c', 'true'],
    125,
    "invalid volume specification: '/a:/b:ro:c'",
    VOLUME,
  ],
  ['unknown mode of a volume', ['-v', '/etc:/x:xyz', 'true'], 125, 'invalid mode: xyz'],
  ['empty mode of a volume', ['-v', '/etc:/x:', 'true'], 125, 'invalid mode: '],
  ['volume that is both', ['-v', '/etc:/x:ro,rw', 'true'], 125, 'invalid mode: ro,rw'],
  [
    'volume at a relative path',
    ['-v', '/etc:x', 'true'],
    125,
    "invalid mount path: 'x' mount path must be absolute",
  ],
  [
    'volume over the root',
    ['-v', '/etc:/x/..', 'true'],
    125,
    "invalid specification: destination can't be '/'",
  ],
  ['two volumes at one place', ['-v', '/etc:/x', '-v', '/usr:/x/', 'true'], 125, 'Duplicate mount point: /x'],
  ['volume where a tmpfs is', ['-v', '/etc:/x', '--tmpfs', '/x', 'true'], 125, 'Duplicate mount point: /x'],
  ['volume without a mode for it', ['-v', '/etc:/x:nocopy', 'true'], 125, 'invalid mode: nocopy'],
  [
    'volume that propagates',
    ['-v', 'data:/x:rshared', 'true'],
    125,
    'invalid mount config for type "volume": field BindOptions must not be specified',
  ],
  [
    'volume with a short name',
    ['-v', 'a:/x', 'true'],
    125,
    'create a: volume name is too short, names should be at least two alphanumeric characters',
  ],
  [
    'mount in /proc',
    ['-v', '/etc:/proc/sys', 'true'],
    125,
    '"/proc/sys" cannot be mounted because it is inside /proc',
  ],
  [
    'tmpfs over /proc',
    ['--tmpfs', '/proc', 'true'],
    125,
    '"/proc" cannot be mounted because it is inside /proc',
  ],
  [
    'file over /proc',
    ['-v', '/tmp:/proc', 'true'],
    125,
    'cannot start the container: bind: move_mount: /proc: Invalid cross-device link',
    'It is in /proc, by itself or through a link of the image: nothing may stand in for what is there.',
  ],
  ['volumes from nowhere', ['--volumes-from', 'nobody', 'true'], 125, 'no such container: nobody'],
  [
    'volumes from nothing',
    ['--volumes-from', '', 'true'],
    125,
    'volumes-from specification cannot be an empty string',
  ],
  ['volumes in an unknown mode', ['--volumes-from', 'a:xyz', 'true'], 125, 'invalid mode: xyz'],
  [
    'volumes in a mode that is not theirs',
    ['--volumes-from', 'a:nocopy', 'true'],
    125,
    'invalid mode: nocopy',
  ],
  [
    'mount without a place',
    ['--mount', 'type=bind,src=/a', 'true'],
    125,
    'invalid argument "type=bind,src=/a" for "--mount" flag: invalid mount config for type "bind": field Target must not be empty',
    HELP,
  ],
  [
    'mount of nothing',
    ['--mount', 'type=bind,src=<dir>/no,dst=/x', 'true'],
    125,
    'invalid mount config for type "bind": bind source path does not exist: <dir>/no',
    'Make it first: mkdir -p <dir>/no',
  ],
  [
    'relative source of a volume',
    ['-v', 'a/b:/x', 'true'],
    125,
    'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
    'If a directory of the host is meant, give its absolute path, or one that begins with a dot.',
  ],
  [
    'source of a volume below a file',
    ['-v', '/etc/passwd/no:/x', 'true'],
    125,
    "error while creating mount source path '/etc/passwd/no': mkdir /etc/passwd/no: not a directory",
  ],
  [
    'directory on a file',
    ['-v', '<dir>:/etc/passwd', 'true'],
    125,
    'cannot start the container: bind: move_mount: /etc/passwd: Not a directory',
    'A file can be mounted on a file only, and a directory on a directory.',
  ],
  ['variable without a name', ['-e', '=x', 'true'], 125, 'invalid environment variable: =x'],
  [
    'timeout that is none',
    ['--timeout', 'abc', 'true'],
    125,
    'invalid argument "abc" for "--timeout" flag: invalid duration: \'abc\'',
    HELP,
  ],
  [
    'unknown storage driver',
    ['--storage-driver', 'zfs', 'true'],
    125,
    'storage driver: zfs: unknown; known are auto, aufs, overlay, fuse-overlayfs, vfs',
  ],
  [
    'terminal without one',
    ['-t', '-i', 'true'],
    125,
    'the input device is not a TTY',
    'Leave out -t to pass data from a pipe or file, or -i to show output only.',
  ],
  ['command not found', ['nosuch'], 127, 'cannot start "nosuch": executable file not found in $PATH'],
  [
    'an image that is not there',
    ['ubuntu:24.04', 'true'],
    127,
    'cannot start "ubuntu:24.04": executable file not found in $PATH',
    'No image "ubuntu:24.04" is stored either: skiff images lists those that are, skiff load and skiff import bring others.',
  ],
  ['path not found', ['/no/such'], 127, 'cannot start "/no/such": no such file or directory'],
  ['path below a file', ['/etc/passwd/x'], 127, 'cannot start "/etc/passwd/x": not a directory'],
  ['name with a newline', ['no\nsuch'], 127, 'cannot start "no\\nsuch": executable file not found in $PATH'],
  ['not executable', ['/etc/passwd'], 126, 'cannot start "/etc/passwd": permission denied'],
  ['a directory', ['/etc'], 126, 'cannot start "/etc": is a directory: permission denied'],
  ['bad ELF', below('/bad-elf'), 126, 'cannot start "/bad-elf": exec format error', NO_PROGRAM],
  [
    'neither ELF nor script',
    below('/no-format'),
    126,
    'cannot start "/no-format": exec format error',
    NO_PROGRAM,
  ],
  ['missing interpreter', below('/bad-script'), 127, 'cannot start "/bad-script": no such file or directory'],
  ['missing loader', below('/no-loader'), 127, 'cannot start "/no-loader": no such file or directory'],
  [
    'missing interpreter by $PATH',
    below('-e', 'PATH=/', 'bad-script'),
    127,
    'cannot start "bad-script": no such file or directory',
  ],
];
