import { invalidArgument } from '../common/errors';
import { parseDuration, parseSize } from '../common/units';
import { parseMountFlag } from '../spec/mount-flag';
import { list, listOf, text, toggle, value, type Flags } from './flags';
import { parseInteger } from './values';

const LIMITS = 'LIMIT';
const DETACHED = 'DETACHED';
const SECURITY = 'SECURITY';

/** What every command in a container can have, whether a new container is made for it or not. */
export const commandFlags = {
  interactive: toggle({ char: 'i', summary: 'Pass standard input on' }),
  tty: toggle({ char: 't', summary: 'Give the command a terminal' }),
  env: list({
    char: 'e',
    helpValue: '<name[=value]>',
    summary: "Set a variable; without a value, to the host's",
  }),
  'env-file': list({ helpValue: '<file>', summary: 'Read variables from a file' }),
  workdir: text({ char: 'w', helpValue: '<dir>', summary: 'Working directory inside' }),
  user: text({ char: 'u', helpValue: '<user[:group]>', summary: 'User to run as, by name or number' }),
} satisfies Flags;

/** The flags of `create`: Docker's names, and the older spellings as aliases. */
export const createFlags = {
  ...commandFlags,
  hostname: text({ char: 'h', helpValue: '<name>', summary: 'Host name inside' }),
  name: text({ helpValue: '<name>', summary: 'Name of the container' }),
  label: list({ char: 'l', helpValue: '<name[=value]>', helpGroup: DETACHED, summary: 'Set a label' }),
  restart: text({
    helpValue: '<policy>',
    helpGroup: DETACHED,
    summary: 'no, on-failure[:N], always or unless-stopped',
  }),
  'stop-signal': text({ helpValue: '<signal>', helpGroup: DETACHED, summary: "What 'stop' sends; SIGTERM" }),
  'stop-timeout': value(parseInteger, {
    helpValue: '<seconds>',
    helpGroup: DETACHED,
    summary: "How long 'stop' waits before it kills; 10",
  }),
  'log-driver': text({
    helpValue: '<k8s-file|none>',
    helpGroup: DETACHED,
    summary: 'Whether output is kept',
  }),
  'log-opt': list({
    helpValue: '<max-size=20m|max-file=5>',
    helpGroup: DETACHED,
    summary: 'How much of the output is kept',
  }),
  image: text({ helpValue: '<name>', summary: 'Image to run, whatever the first word is' }),
  rootfs: text({ helpValue: '<dir>', summary: 'Directory to run instead of an image; it is not written to' }),
  entrypoint: text({ helpValue: '<program>', summary: "Program instead of the image's entrypoint" }),
  keep: toggle({ summary: 'Keep the container after its command ended' }),
  rm: toggle({ summary: 'Remove the container after its command ended (the default without -d)' }),
  init: toggle({ summary: 'Run an init that forwards signals and reaps processes' }),
  'read-only': toggle({ summary: 'Make the root file system read-only' }),
  tmpfs: list({ helpValue: '<dir[:options]>', summary: 'Mount a tmpfs' }),
  volume: list({
    char: 'v',
    helpValue: '<host|name:container[:ro]>',
    summary: 'Mount a file or directory of the host, or a volume',
  }),
  mount: listOf(parseMountFlag, {
    helpValue: '<type=...,src=...,dst=...>',
    summary: 'Mount a bind, a volume or a tmpfs, told field by field',
  }),
  'volumes-from': list({
    helpValue: '<container[:ro]>',
    summary: 'Mount what another container has of the host and of volumes',
  }),
  ulimit: list({ helpValue: '<name=soft[:hard]>', summary: 'Set a resource limit' }),
  sysctl: list({ helpValue: '<name=value>', summary: "Set a kernel parameter of the container's own" }),
  network: value(parseNetwork, {
    aliases: ['net'],
    helpValue: '<none|host>',
    summary: 'Loopback only (the default), or the network of the host',
  }),
  'storage-driver': text({ helpValue: '<aufs|overlay|vfs>', summary: 'How layers are put together' }),
  cidfile: text({ helpValue: '<file>', summary: "Write the container's id to a file" }),
  profile: value(parseProfile, {
    helpValue: '<default|sandbox>',
    helpGroup: SECURITY,
    summary: 'sandbox: no privilege, no network, read-only, all limits; for code nobody has read',
  }),
  work: text({ helpValue: '<dir[:size]>', summary: 'Begin in a tmpfs that can be written to' }),
  file: list({ helpValue: '<src:dst>', summary: 'Give it a copy of a file' }),
  collect: list({ helpValue: '<path[:dst]>', summary: 'Take a file out at the end' }),
  'cpu-time': value(parseSeconds, {
    helpValue: '<duration>',
    helpGroup: LIMITS,
    summary: 'Kill all of it after so much CPU time',
  }),
  'cap-add': list({ helpValue: '<name>', helpGroup: SECURITY, summary: 'Add a capability, or ALL' }),
  'cap-drop': list({ helpValue: '<name>', helpGroup: SECURITY, summary: 'Drop a capability, or ALL' }),
  privileged: toggle({
    helpGroup: SECURITY,
    summary: 'All capabilities and devices, no filter: root in it is root of the host',
  }),
  device: list({
    helpValue: '<host[:container[:rwm]]>',
    helpGroup: SECURITY,
    summary: 'Give it a device of the host',
  }),
  'security-opt': list({
    helpValue: '<name[=value]>',
    helpGroup: SECURITY,
    summary:
      'no-new-privileges, seccomp=<file|unconfined|builtin>, systempaths=unconfined, apparmor=<profile>, label=type:<type>',
  }),
  'group-add': list({ helpValue: '<group>', helpGroup: SECURITY, summary: 'One more group for the command' }),
  'oom-score-adj': value(parseInteger, {
    helpValue: '<number>',
    helpGroup: LIMITS,
    summary: 'How soon it is ended when memory is short, -1000 to 1000',
  }),
  'shm-size': value(parseSize, { helpValue: '<size>', helpGroup: LIMITS, summary: 'Size of /dev/shm' }),
  'storage-opt': list({
    helpValue: '<size=64m>',
    helpGroup: LIMITS,
    summary: 'How much it can write to its root, in memory; not with -d or --keep',
  }),
  userns: text({
    helpValue: '<mode>',
    helpGroup: SECURITY,
    summary: "The host's user namespace (host), or one of its own: auto, auto:size=<n>, keep-id",
  }),
  memory: value(parseSize, {
    char: 'm',
    aliases: ['mem'],
    helpValue: '<size>',
    helpGroup: LIMITS,
    summary: 'Memory, such as 64m',
  }),
  'memory-swap': value(parseSwap, {
    helpValue: '<size>',
    helpGroup: LIMITS,
    summary: 'Memory and swap together; -1 is no limit',
  }),
  cpus: value(parseCpus, { helpValue: '<number>', helpGroup: LIMITS, summary: 'CPU time, such as 0.5' }),
  'cpu-shares': value(parseInteger, {
    aliases: ['cpushare'],
    helpValue: '<weight>',
    helpGroup: LIMITS,
    summary: 'Relative weight; 1024 is usual',
  }),
  'cpuset-cpus': text({
    aliases: ['cpuset'],
    helpValue: '<list>',
    helpGroup: LIMITS,
    summary: 'CPUs to run on, such as 0-2,4',
  }),
  'pids-limit': value(parseInteger, {
    helpValue: '<number>',
    helpGroup: LIMITS,
    summary: 'Processes and threads at most',
  }),
  timeout: value(parseSeconds, {
    helpValue: '<duration>',
    helpGroup: LIMITS,
    summary: 'Kill all of it after this time, such as 1.5s; a number alone is seconds',
  }),
} satisfies Flags;

/** The flags of `run`. */
export const runFlags = {
  detach: toggle({ char: 'd', helpGroup: DETACHED, summary: 'Run in the background, and print the id' }),
  ...createFlags,
} satisfies Flags;

function parseNetwork(given: string): 'none' | 'host' {
  if (given === 'none' || given === 'host') return given;
  throw invalidArgument(`network ${given} not found: known are none and host`);
}

function parseProfile(given: string): 'default' | 'sandbox' {
  if (given === 'default' || given === 'sandbox') return given;
  throw invalidArgument(`unknown profile: ${given}: known are default and sandbox`);
}

function parseSwap(given: string): number {
  return given === '-1' ? -1 : parseSize(given);
}

function parseSeconds(given: string): number {
  return parseDuration(given, 's');
}

function parseCpus(given: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(given)) {
    throw invalidArgument(`failed to parse ${given} as a rational number`);
  }
  return Number(given);
}
