import { invalidArgument, SkiffError } from '../common/errors';
import type { Process } from './types';

/** The modules of this machine's kernel that give processes labels. */
export interface SecurityModules {
  apparmor: boolean;
  selinux?: {
    /** The context that a container's process has by the policy's own files, or else that of this process. */
    context: string;
  };
}

/** What `--security-opt` asks for. */
export interface LabelChoice {
  /** Name of a profile; none for `unconfined`, which leaves the command in what this process is in. */
  apparmor?: string;
  /** Parts of a context that take the place of the default's. */
  selinux?: Partial<Record<ContextPart, string>>;
}

const CONTEXT_PARTS = ['user', 'role', 'type', 'level'] as const;
type ContextPart = (typeof CONTEXT_PARTS)[number];

/**
 * Add one `apparmor=` or `label=` of `--security-opt` to what was chosen before it.
 *
 * @returns false where it is none of both
 * @throws SkiffError INVALID_ARGUMENT
 */
export function chooseLabel(choice: LabelChoice, name: string, value: string): boolean {
  if (name === 'apparmor') choice.apparmor = value === 'unconfined' ? undefined : checkProfile(value);
  else if (name === 'label') choice.selinux = value === 'disable' ? undefined : withPart(choice, value);
  else return false;
  return true;
}

/** In the kernel's command `exec NAME` it ends with the line. */
function checkProfile(name: string): string {
  if (/^[^\s\0]+$/.test(name)) return name;
  throw invalidArgument(`invalid AppArmor profile: ${JSON.stringify(name)}`);
}

function withPart({ selinux }: LabelChoice, text: string): LabelChoice['selinux'] {
  const [, name, value] = /^(user|role|type|level)[:=]([\w.,:-]+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw invalidArgument(`invalid --security-opt: "label=${text}"`, {
      remedy: 'Known are label=user:U, role:R, type:T, level:L and label=disable.',
    });
  }
  if (name !== 'level' && value.includes(':'))
    throw invalidArgument(`invalid --security-opt: "label=${text}"`);
  return { ...selinux, [name]: value };
}

/**
 * Write into a process what labels it gets.
 *
 * @throws SkiffError NOT_SUPPORTED where one is asked for and the kernel has no such module: it must not pass in silence
 */
export function applyLabels(process: Process, choice: LabelChoice, modules: SecurityModules): void {
  if (choice.apparmor !== undefined) {
    if (!modules.apparmor) {
      throw missing(`cannot set the AppArmor profile: ${choice.apparmor}`, 'AppArmor');
    }
    process.apparmorProfile = choice.apparmor;
  }
  if (choice.selinux !== undefined) {
    const asked = Object.entries(choice.selinux).map(([part, value]) => `${part}:${value}`);
    if (!modules.selinux) throw missing(`cannot set the SELinux label: ${asked.join(', ')}`, 'SELinux');
    process.selinuxLabel = contextOf(modules.selinux.context, choice.selinux);
  }
}

function missing(what: string, module: string): SkiffError {
  return new SkiffError(`${what}: this kernel runs without ${module}`, {
    code: 'NOT_SUPPORTED',
    remedy: `Leave it out: capabilities, seccomp and namespaces hold without one. Or boot with lsm=...,${module.toLowerCase()}.`,
  });
}

/** `user:role:type`, and a level where the policy has levels; in the level there may be colons. */
function contextOf(context: string, choice: NonNullable<LabelChoice['selinux']>): string {
  const [user, role, type, ...level] = context.split(':');
  const given = { user, role, type, level: level.join(':') || undefined, ...choice };
  return CONTEXT_PARTS.map(part => given[part])
    .filter(value => value !== undefined)
    .join(':');
}
