import { processBase, toProcess, type ProcessBase, type ProcessOptions } from '../../lib/spec/exec';
import { parseLimits, RLIM_INFINITY } from '../../lib/spec/ulimit';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             1000                 unlimited            bytes     
Max data size             unlimited            unlimited            bytes     
Max stack size            8388608              unlimited            bytes     
Max core file size        0                    unlimited            bytes     
Max resident set          unlimited            unlimited            bytes     
Max processes             96364                96364                processes 
Max open files            20000                30000                files     
Max locked memory         8388608              8388608              bytes     
Max address space         unlimited            unlimited            bytes     
Max file locks            unlimited            unlimited            locks     
Max pending signals       96364                96364                signals   
Max msgqueue size         819200               819200               bytes     
Max nice priority         0                    0                    
Max realtime priority     7                    9                    
Max realtime timeout      unlimited            unlimited            us        
`;

const base: ProcessBase = {
  env: ['PATH=/bin', 'HOSTNAME=h', 'A=1', 'HOME=/root'],
  cwd: '/work',
  user: { uid: 0, gid: 0, additionalGids: [0], umask: 0o022, home: '/root' },
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 5, hard: 6 }],
  noNewPrivileges: true,
  oomScoreAdj: 10,
};

function make(options: ProcessOptions = {}, of: ProcessBase = base) {
  const files: Record<string, string> = {
    '/etc/passwd': 'bob:x:7:8::/home/bob:/bin/sh\n',
    '/etc/group': 'g:x:9:bob\n',
  };
  const readFile = (path: string) => Buffer.from(files[path] ?? '');
  return toProcess(of, ['ls'], options, { readFile, limits: LIMITS, machine: { capabilities: 0b101n } });
}

test('the limits of /proc/PID/limits, by their order', () => {
  const limits = parseLimits(LIMITS);
  expect(limits).toHaveLength(16);
  expect(limits).toContainEqual({ type: 'RLIMIT_FSIZE', soft: 1000, hard: RLIM_INFINITY });
  expect(limits).toContainEqual({ type: 'RLIMIT_NOFILE', soft: 20000, hard: 30000 });
  expect(limits).toContainEqual({ type: 'RLIMIT_RTPRIO', soft: 7, hard: 9 });
  expect(limits).toContainEqual({ type: 'RLIMIT_CORE', soft: 0, hard: RLIM_INFINITY });
});

test('of a container’s process all is kept but its command and terminal', () => {
  const process = { ...base, args: ['sh'], terminal: true, consoleSize: { height: 1, width: 2 } };
  expect(processBase(process)).toEqual(base);
  // What is added to the type later is a restriction like the others.
  expect(processBase({ ...process, ...{ apparmorProfile: 'x' } })).toEqual({ ...base, apparmorProfile: 'x' });
});

test('without options all is the container’s', () => {
  expect(make()).toMatchObject({
    args: ['ls'],
    cwd: '/work',
    user: base.user,
    noNewPrivileges: true,
    oomScoreAdj: 10,
  });
  expect(make().env.slice().sort()).toEqual(base.env.slice().sort());
  expect(make().rlimits).toContainEqual({ type: 'RLIMIT_NOFILE', soft: 5, hard: 6 });
  expect(make().rlimits!.filter(({ type }) => type === 'RLIMIT_NOFILE')).toHaveLength(1);
});

test('a user brings his groups and, where nobody has set it, his home', () => {
  const { user, env } = make({ user: 'bob' });
  expect(user).toMatchObject({ uid: 7, gid: 8, additionalGids: [8, 9], umask: 0o022 });
  expect(env).toContain('HOME=/home/bob');
  const set = { ...base, user: { ...base.user, home: undefined } };
  expect(make({ user: 'bob' }, set).env).toContain('HOME=/root');
});

test.each<[what: string, options: ProcessOptions, entry: string, there: boolean]>([
  ['set', { env: ['A=2'] }, 'A=2', true],
  ['taken away', { env: ['A'] }, 'A=1', false],
  ['with a terminal', { tty: true }, 'TERM=xterm', true],
  ['without', {}, 'TERM=xterm', false],
  ['an own HOME', { env: { HOME: '/x' }, user: 'bob' }, 'HOME=/x', true],
])('a variable is %s', (_, options, entry, there) => {
  expect(make(options).env.includes(entry)).toBe(there);
});

test('privileged: what this process has', () => {
  const names = ['CAP_CHOWN', 'CAP_DAC_READ_SEARCH'];
  expect(make({ privileged: true }).capabilities).toMatchObject({ bounding: names, effective: names });
});

test.each<[options: ProcessOptions]>([[{ cwd: 'relative' }], [{ env: ['=x'] }], [{ user: 'nobody-such' }]])(
  'refused: %j',
  options =>
    expect(() => make(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error),
);
