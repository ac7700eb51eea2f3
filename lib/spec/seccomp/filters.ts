import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorCode, invalidArgument, SkiffError } from '../../common/errors';
import { unlessGone } from '../../common/unless-gone';
import type { Machine } from './abis';
import type * as Compile from './compile';
import type { SeccompFilter } from './compile';

export type { SeccompFilter };

/** Which filter of system calls a container gets. */
export type SeccompChoice =
  | { kind: 'none' }
  /** One of those that come with skiff. */
  | { kind: 'builtin'; name: 'default' | 'sandbox' }
  | { kind: 'file'; path: string };

/** A filter, and a text that no other filter has. */
export interface ChosenFilter {
  key: string;
  filter?: SeccompFilter;
}

/** Filters that are remembered; each has some kilobytes. */
const MAX_FILTERS = 64;

const NO_FILTER: ChosenFilter = { key: '' };

/** Compiled filters by what they were compiled of. */
export class SeccompFilters {
  private readonly known = new Map<string, ChosenFilter>();

  /**
   * The filter for a container.
   *
   * @param capabilities names of those that the container can have
   * @throws SkiffError where a profile's file can not be read, or is none
   */
  async choose(choice: SeccompChoice, capabilities: readonly string[]): Promise<ChosenFilter> {
    if (choice.kind === 'none') return NO_FILTER;
    // A file is read anew each time: it may have changed.
    const profile = choice.kind === 'file' ? readProfile(choice.path) : choice.name;
    const key = [choice.kind, capabilities.join(' '), profile].join('\n');
    const known = this.known.get(key);
    if (known) return known;
    const chosen = { key, filter: await this.make(choice, profile, capabilities) };
    const oldest = this.known.keys().next();
    if (this.known.size === MAX_FILTERS && !oldest.done) this.known.delete(oldest.value);
    this.known.set(key, chosen);
    return chosen;
  }

  private async make(
    choice: Exclude<SeccompChoice, { kind: 'none' }>,
    profile: string,
    capabilities: readonly string[],
  ): Promise<SeccompFilter> {
    const machine = thisMachine();
    if (choice.kind === 'builtin') {
      const ready = readPrecompiled(choice.name, machine, capabilities);
      if (ready) return ready;
    }
    const { builtinProfile, compileFilter, parseProfile } = await compiler();
    const parsed = choice.kind === 'file' ? parseProfile(profile, choice.path) : builtinProfile(choice.name);
    return compileFilter(parsed, { machine, capabilities, kernel: os.release() });
  }
}

let loaded: Promise<typeof Compile> | undefined;

/** Loaded at need: it is larger than all that a start with the defaults takes. */
function compiler(): Promise<typeof Compile> {
  return (loaded ??= import('./compile'));
}

function thisMachine(): Machine {
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch;
  throw new SkiffError(`no seccomp filter can be made for this machine: ${process.arch}`, {
    code: 'ENOTSUP',
    remedy: 'Without a filter it works: --security-opt seccomp=unconfined.',
  });
}

function readProfile(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const code = errorCode(cause) ?? 'EIO';
    const reasons: Record<string, string> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
    };
    throw invalidArgument(`opening seccomp profile failed: ${file}: ${reasons[code] ?? code}`, {
      path: file,
      cause,
    });
  }
}

/** The filters that the build has compiled, beside the code; see scripts/bundle.js. */
export function precompiledName(name: 'default' | 'sandbox', machine: Machine): string {
  return `seccomp-${name}-${machine}.bpf`;
}

/** Three lines: the capabilities that a filter was compiled for; its flags; its program. */
function readPrecompiled(
  name: 'default' | 'sandbox',
  machine: Machine,
  capabilities: readonly string[],
): SeccompFilter | undefined {
  const file = path.join(__dirname, precompiledName(name, machine));
  const text = unlessGone(() => fs.readFileSync(file, 'latin1'));
  if (text === undefined) return undefined;
  const [names, flags, program = ''] = text.split('\n');
  return names === capabilityLine(capabilities) ? { flags: Number(flags), program } : undefined;
}

/** What {@link readPrecompiled} reads. */
export function precompiledText({ flags, program }: SeccompFilter, capabilities: readonly string[]): string {
  return [capabilityLine(capabilities), flags, program].join('\n');
}

function capabilityLine(capabilities: readonly string[]): string {
  return [...capabilities].sort().join(' ');
}
