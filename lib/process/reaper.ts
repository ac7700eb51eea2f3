import { native } from '../native';

/** Threads that wait for the ends of containers and remove what is left of them; made with the first container. */
export class Reaper {
  private made = 0;

  /** Its number, for `watchExit` of the addon. @throws the addon's error where there are no threads or descriptors */
  get(): number {
    this.made ||= native().startReaper();
    return this.made;
  }

  /** Once nothing is left that it waits for. */
  stop(): void {
    if (this.made) native().stopReaper({ reaper: this.made });
    this.made = 0;
  }
}
