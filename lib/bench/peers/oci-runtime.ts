import { errorMessage } from '../../common/errors';
import { timeProgram, tryProgram } from '../programs';
import { removeCgroups } from './cgroups';
import { HiddenCgroup2 } from './hidden-cgroup2';

/** An OCI runtime's command line on one bundle, and what is left of it where it fails. */
export class OciRuntime {
  private hidden: HiddenCgroup2 | undefined;
  private count = 0;

  /**
   * @param options.state directory for its records
   * @param options.cgroup the name that the bundle gives to its cgroup
   */
  constructor(
    private readonly program: string,
    private readonly options: { bundle: string; state: string; cgroup: string },
  ) {}

  /**
   * Find out whether it works here, and how.
   *
   * @returns true where it works only in a mount namespace without cgroup2
   * @throws SkiffError with what it says
   */
  async prepare(): Promise<boolean> {
    try {
      await this.runOnce();
      return false;
    } catch (error) {
      if (!/hybrid mode/.test(errorMessage(error))) throw error;
    }
    this.hidden = await HiddenCgroup2.open();
    await this.runOnce();
    return true;
  }

  /** Run the bundle; returns ms. */
  async round(): Promise<number> {
    return this.cleaningUp(id => timeProgram(...this.command('run', '--bundle', this.options.bundle, id)));
  }

  async close(): Promise<void> {
    await this.hidden?.close();
    await removeCgroups(this.options.cgroup);
  }

  private async runOnce(): Promise<void> {
    await this.cleaningUp(id => tryProgram(...this.command('run', '--bundle', this.options.bundle, id)));
  }

  /** A runtime that fails half-way leaves its record, and perhaps more. */
  private async cleaningUp<T>(run: (id: string) => Promise<T>): Promise<T> {
    const id = `${this.options.cgroup}-${(this.count += 1)}`;
    try {
      return await run(id);
    } catch (error) {
      // It may have nothing to delete; the failure of the run is what is reported.
      await tryProgram(...this.command('delete', '--force', id)).catch(() => undefined);
      throw error;
    }
  }

  private command(...args: string[]): [file: string, args: string[]] {
    const all = ['--root', this.options.state, ...args];
    return this.hidden ? this.hidden.wrap(this.program, all) : [this.program, all];
  }
}
