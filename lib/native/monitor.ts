/** Detached containers. Errors are as in `ProcessNative`. */
export interface MonitorNative {
  /**
   * Start a monitor with the container that it watches over; resolves when the command runs. It is no child of this
   * process and outlives it.
   *
   * @param options.init descriptor of the static init, from `openInit`
   * @param options.lock descriptor that holds the container's lock; until the command runs the monitor has it, too
   * @param options.directory the container's, shown in the monitor's command line
   * @param options.request records of `lib/runtime/detached/request.ts`
   * @returns the host's pid of the container's init, and a connection to the monitor
   */
  startMonitor(options: {
    init: number;
    lock: number;
    directory: string;
    request: Buffer;
  }): Promise<{ pid: number; connection: number }>;
}
