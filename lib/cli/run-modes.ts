import { Skiff } from '../engine';
import type { Word } from '../spec/types';
import { claimCidFile } from './cidfile';
import { toDestinations, writeCollected } from './files';
import type { FlagValues } from './flags';
import { writeErr, writeOut } from './output';
import { usageError } from './parse';
import { withRawBytes } from './raw-bytes';
import { formatEnd } from './report';
import type { runFlags } from './run-flags';
import { splitImage, toCreateOptions, toStartOptions, withImageHint } from './run-options';
import { foreground, hostTerminalSize } from './session';

type RunFlags = FlagValues<typeof runFlags & { root: (typeof runFlags)['name'] }>;

/** Flags that mean something only for a container that outlives the command line. */
const DETACHED_ONLY = ['restart', 'stop-signal', 'stop-timeout', 'log-driver'] as const;

/**
 * Run a command as the foreground of this process.
 *
 * @returns the exit code
 */
export async function runInForeground(flags: RunFlags, words: readonly string[]): Promise<number> {
  const misplaced = DETACHED_ONLY.find(name => flags[name] !== undefined);
  if (misplaced || flags['log-opt'].length > 0 || flags.label.length > 0) {
    const name = misplaced ?? (flags.label.length > 0 ? 'label' : 'log-opt');
    throw usageError(`--${name} needs a container that stays`, 'run', undefined, 'Add -d.');
  }
  const options = toStartOptions(flags, process.env);
  return opened(flags, { idle: false }, async skiff => {
    const { command, image } = await splitImage(words, options, name => skiff.hasImage(name));
    // Who looks at the terminal, or at the file, shall find what they are about.
    const start = flags.tty || flags.cidfile !== undefined ? 'start' : 'launch';
    const result = await withCidFile(flags.cidfile, noteId =>
      foreground(
        streams => skiff[start](withRawBytes(command), { ...options, ...streams, ...(image && { image }) }),
        { interactive: flags.interactive, terminal: flags.tty },
        container => noteId(container.id),
      ),
    ).catch((error: unknown) => {
      throw withImageHint(error, words, { ...options, ...(image && { image }) });
    });
    writeErr(formatEnd(result, flags));
    writeCollected(result.files, toDestinations(flags.collect));
    return result.exitCode;
  });
}

/** Run a command in the background and print its container's id. */
export async function runInBackground(flags: RunFlags, words: readonly string[]): Promise<number> {
  return makeDetached(flags, words, (skiff, command, options) => skiff.runDetached(command, options));
}

/** Make a container without starting it, and print its id. */
export async function createOnly(flags: RunFlags, words: readonly string[]): Promise<number> {
  return makeDetached(flags, words, (skiff, command, options) => skiff.create(command, options));
}

async function makeDetached(
  flags: RunFlags,
  words: readonly string[],
  make: (
    skiff: Skiff,
    command: Word[],
    options: ReturnType<typeof toCreateOptions>,
  ) => Promise<{ id: string }>,
): Promise<number> {
  const options = toCreateOptions(flags, process.env, await hostTerminalSize(flags.tty));
  return opened(flags, { idle: true }, async skiff => {
    const { command, image } = await splitImage(words, options, name => skiff.hasImage(name));
    await withCidFile(flags.cidfile, async noteId => {
      const { id } = await make(skiff, withRawBytes(command), { ...options, ...(image && { image }) });
      noteId(id);
      writeOut(`${id}\n`);
    }).catch((error: unknown) => {
      throw withImageHint(error, words, { ...options, ...(image && { image }) });
    });
    return 0;
  });
}

async function opened(
  flags: RunFlags,
  { idle }: { idle: boolean },
  use: (skiff: Skiff) => Promise<number>,
): Promise<number> {
  const storageDriver = flags['storage-driver'];
  const skiff = await Skiff.open({ root: flags.root, storageDriver, idle, once: true });
  try {
    return await use(skiff);
  } finally {
    await skiff.close();
  }
}

/** The file is there with the id, or not at all. */
async function withCidFile<T>(
  file: string | undefined,
  use: (noteId: (id: string) => void) => Promise<T>,
): Promise<T> {
  const noteId = claimCidFile(file);
  try {
    return await use(noteId);
  } catch (error) {
    noteId();
    throw error;
  }
}
