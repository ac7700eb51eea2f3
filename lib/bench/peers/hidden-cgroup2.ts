import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { SkiffError } from '../../common/errors';

/** Where hybrid machines mount cgroup2, systemd's file-hierarchy. */
const CGROUP2 = '/sys/fs/cgroup/unified';

/** A mount namespace without cgroup2, for programs that refuse to run beside both kinds. The machine itself keeps it. */
export class HiddenCgroup2 {
  private constructor(private readonly holder: ChildProcess) {}

  /** @throws SkiffError where such a namespace can not be made */
  static async open(): Promise<HiddenCgroup2> {
    const script = `umount ${CGROUP2} && echo ready && exec cat`;
    const holder = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ready = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'close').then(() => false),
    ]);
    if (ready) return new HiddenCgroup2(holder);
    throw new SkiffError(`cannot hide ${CGROUP2} in a mount namespace`, {
      code: 'PROGRAM_FAILED',
      path: CGROUP2,
    });
  }

  /** The program and arguments that run another program in there. */
  wrap(program: string, args: readonly string[]): [file: string, args: string[]] {
    return ['nsenter', [`--mount=/proc/${this.holder.pid}/ns/mnt`, program, ...args]];
  }

  async close(): Promise<void> {
    const closed = once(this.holder, 'close');
    this.holder.stdin?.end();
    await closed;
  }
}
