import type { RunOptions, Verdict } from '../../lib/engine/options';

/** One way to take all of something, and what it comes to. */
export interface ResourceAttack {
  name: string;
  /** What programs/exhaust.c takes, and where it writes. */
  words: string[];
  options?: RunOptions;
  /** What the result calls it; `nonzero` where the program was refused more and told so. */
  verdict: Verdict['status'];
  /** What the program says, where it lives to say it. */
  says?: RegExp;
}

/** What every attacked container has: nothing of it endangers the machine. */
export const LIMITS = {
  memory: '64m',
  memorySwap: '64m',
  pidsLimit: 64,
  cpus: 0.5,
  timeout: '10s',
  outputLimit: '1m',
} as const satisfies RunOptions;

const memory = (text: string): RunOptions => ({ memory: text, memorySwap: text });
const size = (text: string): RunOptions => ({ storageOpt: { size: text } });

export const RESOURCE_ATTACKS: readonly ResourceAttack[] = [
  { name: 'fork bomb', words: ['processes'], options: memory('256m'), verdict: 'pids' },
  { name: 'PID exhaustion by zombies', words: ['zombies'], verdict: 'pids', says: /^(5\d|6\d), then/ },
  { name: 'many threads', words: ['threads'], verdict: 'pids', says: /^(5\d|6\d), then/ },
  { name: 'memory bomb', words: ['memory'], verdict: 'memory' },
  { name: 'memory bomb in shared memory', words: ['shared'], verdict: 'memory' },
  // Below what the kernel gives to one user in pipes, pipe(7) "pipe-user-pages-soft".
  {
    name: 'memory bomb in pipes',
    words: ['pipes'],
    options: { ...memory('32m'), user: '54323' },
    verdict: 'memory',
  },
  { name: 'memory bomb in a tmpfs', words: ['file', '/t'], options: { tmpfs: ['/t'] }, verdict: 'memory' },
  {
    name: 'page cache',
    words: ['file', '/tmp'],
    options: { ulimits: ['fsize=134217728'], init: true },
    verdict: 'disk',
  },
  {
    name: 'a full disk',
    words: ['file', '/'],
    options: size('8m'),
    verdict: 'disk',
    says: /^8, then: No space/,
  },
  {
    name: 'no inode left',
    words: ['inodes', '/'],
    options: size('8m'),
    verdict: 'disk',
    says: /then: No space/,
  },
  {
    name: 'no descriptor left',
    words: ['descriptors'],
    options: { ulimits: ['nofile=256:256'] },
    verdict: 'nonzero',
    says: /^253, then: Too many open files/,
  },
  {
    name: 'timers',
    words: ['timers'],
    options: { ulimits: ['sigpending=128:128'], user: '54321' },
    verdict: 'nonzero',
    says: /^128, then: Resource temporarily unavailable/,
  },
  {
    name: 'queued signals',
    words: ['queue'],
    options: { ulimits: ['sigpending=128:128'], user: '54322' },
    verdict: 'nonzero',
    says: /then: Resource temporarily unavailable/,
  },
  { name: 'signals to everybody', words: ['signals'], options: { cpuTime: 100 }, verdict: 'cpu-time' },
  { name: 'output', words: ['output'], verdict: 'output' },
];
