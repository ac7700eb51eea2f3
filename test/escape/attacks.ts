import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { RunOptions } from '../../lib/engine/options';
import { tempDirectory } from '../helpers/temp';
import { buildStatic } from '../security/support';

/** What an attack is aimed at outside of the container, made by the test. */
export interface Targets {
  /** A process of the host. */
  pid: number;
  /** An abstract socket that listens. */
  socket: string;
  /** Key of System V shared memory. */
  memory: number;
  /** Name of a POSIX message queue. */
  queue: string;
  /** A key in the session keyring of whoever starts containers. */
  key: string;
  /** A file of the host outside of every root. */
  marker: string;
}

/** One thing that a program tries from inside. */
export interface Attack {
  name: string;
  /** Name of the source in programs/. */
  program: string;
  args?: (targets: Targets) => string[];
  /** Where the control's differ. */
  controlArgs?: (targets: Targets) => string[];
  /** What the attacked container has on top of the defaults. */
  options?: RunOptions;
  /** Where it succeeds, or nothing could be concluded from its failure: a container that is open in this one respect, or outside. */
  control: RunOptions | 'outside';
  /** The program itself is in a volume. */
  inVolume?: true;
  /** What of the kernel the attack needs; else the control has nothing to succeed with. */
  needs?: string;
}

/** Why an attack has no target on this machine; undefined where it has. */
export function whyImpossible({ needs, program }: Attack): string | undefined {
  if (needs !== undefined && !fs.existsSync(needs)) return `this kernel has no ${needs}`;
  if (program === 'int80' && !hasCallsOfI386()) return 'a call of i386 ends a process here, by a signal';
  return undefined;
}

/** Some hypervisors pass none on, whatever the kernel is built with. */
function hasCallsOfI386(): boolean {
  const directory = tempDirectory();
  try {
    const program = path.join(directory.path, 'int80');
    buildStatic(path.join(__dirname, 'programs', 'int80.c'), program);
    return spawnSync(program).signal === null;
  } finally {
    directory.remove();
  }
}

const unconfined: RunOptions = { securityOpt: ['seccomp=unconfined'] };
const admin: RunOptions = { capAdd: ['SYS_ADMIN'], securityOpt: ['seccomp=unconfined'] };
const privileged: RunOptions = { privileged: true };
const shared: RunOptions = { network: 'host' };

/** Attacks on a container of the defaults. */
export const ATTACKS: readonly Attack[] = [
  ...['/', '/dev', '/tmp'].map(place => ({
    name: `a device node of its own in ${place}`,
    program: 'mknod-device',
    args: () => [place],
    control: privileged,
  })),
  {
    name: 'a device node of its own in a tmpfs that was asked for with devices',
    program: 'mknod-device',
    args: () => ['/t'],
    options: { tmpfs: ['/t:dev'] },
    control: { privileged: true, tmpfs: ['/t:dev'] },
  },
  { name: 'a mount', program: 'mount', control: admin },
  { name: 'a mount by the calls of Linux 5.2', program: 'new-mount-calls', control: admin },
  {
    name: 'the mask of /proc/timer_list taken off',
    program: 'take-off-mask',
    args: () => ['/proc/timer_list'],
    control: admin,
    needs: '/proc/timer_list',
  },
  {
    name: 'a file by its handle, past all directories',
    program: 'open-by-handle',
    args: () => ['/attacks'],
    control: { capAdd: ['DAC_READ_SEARCH'] },
  },
  {
    name: 'a read-only root made writable',
    program: 'remount-writable',
    options: { readOnly: true },
    control: { readOnly: true, ...admin },
  },
  {
    name: 'cgroup v1 and its release_agent',
    program: 'mount-cgroup',
    control: admin,
    needs: '/sys/fs/cgroup/memory/release_agent',
  },
  { name: 'a user namespace by unshare', program: 'unshare-user', control: unconfined },
  { name: 'a user namespace by clone', program: 'clone-user', control: unconfined },
  { name: 'a user namespace by clone3', program: 'clone3-user', control: unconfined },
  { name: 'another namespace', program: 'setns', control: admin },
  { name: 'a key of its own in the kernel', program: 'keyctl', control: unconfined },
  {
    name: "the starter's session keyring",
    program: 'find-key',
    args: ({ key }) => [key],
    options: unconfined,
    control: 'outside',
  },
  {
    name: "a key of another container, by the user's keyring",
    program: 'user-key',
    args: ({ key }) => [key],
    control: unconfined,
  },
  { name: 'a map of BPF', program: 'bpf', control: privileged },
  {
    name: 'counters of the kernel',
    program: 'perf',
    control: privileged,
    needs: '/proc/sys/kernel/perf_event_paranoid',
  },
  {
    name: 'userfaultfd',
    program: 'userfaultfd',
    control: unconfined,
    needs: '/proc/sys/vm/unprivileged_userfaultfd',
  },
  { name: 'io_uring', program: 'io-uring', control: unconfined, needs: '/proc/sys/kernel/io_uring_disabled' },
  { name: 'modules of the kernel', program: 'delete-module', control: privileged, needs: '/proc/modules' },
  { name: 'another kernel', program: 'kexec', control: privileged, needs: '/sys/kernel/kexec_loaded' },
  { name: 'the end of the machine', program: 'reboot', control: privileged },
  { name: 'swap', program: 'swapon', control: privileged, needs: '/proc/swaps' },
  { name: "the machine's clock", program: 'set-clock', control: privileged },
  { name: 'ports of the hardware', program: 'io-ports', control: privileged, needs: '/dev/port' },
  { name: 'accounting of all processes', program: 'accounting', control: privileged },
  { name: 'every opening of a file, told', program: 'watch-mount', control: admin },
  { name: "the kernel's messages", program: 'kernel-log', control: privileged },
  { name: 'a higher priority', program: 'priority', control: { capAdd: ['SYS_NICE'] } },
  { name: 'the real-time scheduler', program: 'real-time', control: { capAdd: ['SYS_NICE'] } },
  { name: 'the set-up of the network', program: 'interface-up', control: { capAdd: ['NET_ADMIN'] } },
  { name: 'the host name', program: 'host-name', control: admin },
  ...[
    '/proc/sysrq-trigger',
    '/proc/sys/kernel/core_pattern',
    '/proc/sys/kernel/modprobe',
    '/sys/kernel/rcu_expedited',
    '/proc/irq/default_smp_affinity',
    '/proc/sys/kernel/poweroff_cmd',
    '/proc/sys/kernel/usermodehelper/bset',
    '/sys/kernel/uevent_helper',
    '/proc/sys/fs/binfmt_misc/register',
    '/sys/power/state',
  ].map(file => ({
    name: `orders to the kernel by ${file}`,
    program: 'open-for-write',
    args: () => [file],
    control: privileged,
    needs: file,
  })),
  ...[
    '/proc/kcore',
    '/proc/keys',
    '/proc/timer_list',
    '/proc/interrupts',
    '/sys/firmware/acpi/tables/FACP',
  ].map(file => ({
    name: `what ${file} tells of the host`,
    program: 'read-some',
    args: () => [file],
    control: privileged,
    needs: file,
  })),
  {
    name: 'a signal to a process outside',
    program: 'kill-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'a signal to a process outside, by pidfd',
    program: 'pidfd-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'a process outside, traced',
    program: 'ptrace-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'memory of a process outside',
    program: 'memory-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'memory of a process outside, by its file',
    program: 'mem-file-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'a descriptor of a process outside',
    program: 'descriptor-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'the root of a process outside',
    program: 'root-outside',
    args: ({ pid }) => [String(pid)],
    control: 'outside',
  },
  {
    name: 'an abstract socket of the host',
    program: 'abstract-socket',
    args: ({ socket }) => [socket],
    control: shared,
  },
  { name: 'a socket to the hypervisor', program: 'vsock', control: unconfined },
  {
    name: 'shared memory of the host',
    program: 'shared-memory',
    args: ({ memory }) => [String(memory)],
    control: 'outside',
  },
  {
    name: 'a message queue of the host',
    program: 'message-queue',
    args: ({ queue }) => [queue],
    control: 'outside',
  },
  {
    name: 'root by a set-user-id program, with no_new_privs',
    program: 'set-user-id',
    options: { user: '1000', noNewPrivileges: true },
    control: { user: '1000' },
  },
  {
    name: 'root by a set-user-id program in a volume, with no_new_privs',
    program: 'set-user-id',
    options: { user: '1000', noNewPrivileges: true },
    control: { user: '1000' },
    inVolume: true,
  },
  {
    name: 'out of the root by a deeper chroot',
    program: 'chroot-escape',
    args: ({ marker }) => [marker],
    control: 'outside',
  },
  { name: 'a descriptor that was left open', program: 'leaked-descriptor', control: 'outside' },
  {
    name: 'the program that PID 1 runs',
    program: 'own-exe',
    args: () => ['1'],
    controlArgs: ({ pid }) => [String(pid)],
    options: { init: true },
    control: 'outside',
  },
  { name: 'a call of i386', program: 'int80', control: unconfined, needs: '/proc/sys/abi' },
  { name: 'memory without random places', program: 'personality-memory', control: unconfined },
];

/** What `--profile sandbox` holds against on top of that, each with the defaults as the control. */
export const SANDBOX_ATTACKS: readonly Attack[] = [
  { name: 'a process traced', program: 'trace-child', control: {} },
  { name: 'sockets that see every packet', program: 'packet-socket', control: {} },
  { name: 'a chroot', program: 'chroot-escape', args: () => ['/'], control: {} },
  { name: 'a file written to in the root', program: 'open-create', args: () => ['/attack'], control: {} },
  { name: 'root by a set-user-id program', program: 'set-user-id', control: { user: '65534' } },
];
