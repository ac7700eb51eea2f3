import { SkiffError } from '../common/errors';
import { identify, isAlive, type ProcessIdentity } from '../common/identity';
import { native } from '../native';

/** What an entry whose name tells its owner is. */
export type OwnedKind = 'tmp' | 'claim';

/** An entry that belongs to a process, as its name tells. */
export interface OwnedName {
  kind: OwnedKind;
  owner: ProcessIdentity;
  /** What it is about: the name of a volume, or random digits. */
  subject: string;
}

/** `.tmp-BOOT.NAMESPACE.PID.START.SUBJECT`; no volume's name begins with a dot. */
const SHAPE = /^\.(tmp|claim)-([^.]+)\.(\d+)\.(\d+)\.(\d+)\.(.+)$/s;

/** Names of entries that belong to this process. */
export class OwnedNames {
  private prefix: string | undefined;

  /** @param subject random digits where not given */
  of(kind: OwnedKind, subject = native().randomId().slice(0, 12)): string {
    return `.${kind}-${(this.prefix ??= ownPrefix())}.${subject}`;
  }
}

/** @returns undefined for another name */
export function parseOwnedName(name: string): OwnedName | undefined {
  const [, kind, bootId, pidNamespace, pid, startTime, subject] = SHAPE.exec(name) ?? [];
  if (bootId === undefined || pidNamespace === undefined || subject === undefined) return undefined;
  return {
    kind: kind as OwnedKind,
    owner: { bootId, pidNamespace, pid: Number(pid), startTime: Number(startTime) },
    subject,
  };
}

/** Whoever it belonged to is gone. */
export function isAbandoned({ owner }: OwnedName): boolean {
  return !isAlive(owner);
}

function ownPrefix(): string {
  const self = identify(process.pid);
  if (!self) throw new SkiffError('/proc does not show this process', { code: 'NO_PROC', path: '/proc' });
  return `${self.bootId}.${self.pidNamespace}.${self.pid}.${self.startTime}`;
}
