import { native, type ExitStatus } from '../native';

/** What such a process is there for; its program is the init's. */
type Role = 'skiff-watchdog' | 'skiff-starter';

/** A small process beside this one. */
export interface Companion {
  pipe: number;
  ended: Promise<ExitStatus>;
}

/** @param init descriptor of the static init */
export async function startCompanion(init: number, name: Role): Promise<Companion> {
  const { pipe, pidfd } = await native().startCompanion({ init, name });
  const ended = new Promise<ExitStatus>(resolve => {
    native().watchExit({ pidfd, background: true }, resolve);
  });
  return { pipe, ended };
}

/** Let it see that nobody needs it any more, and wait for its end. */
export async function endCompanion({ pipe, ended }: Companion): Promise<void> {
  native().close({ fds: [pipe] });
  // Its watch is a background one: something must keep the event loop alive until it is reaped.
  const keepAlive = setInterval(() => undefined, 1000);
  await ended;
  clearInterval(keepAlive);
}
