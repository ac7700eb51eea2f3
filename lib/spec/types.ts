import type { Resources } from '../common/resources';
import type { SeccompFilter } from './seccomp/filters';

export type { Resources };

/** A word of a command line: text, or bytes where they are no UTF-8. */
export type Word = string | Buffer;

/**
 * The part of the OCI runtime spec's `config.json` that skiff speaks inside.
 * Names and meanings are those of https://github.com/opencontainers/runtime-spec (v1.2).
 */
export interface Spec {
  ociVersion: string;
  hostname?: string;
  root: {
    path: string;
    readonly?: boolean;
    /** Set-user-id is without effect in it. */
    nosuid?: boolean;
  };
  process: Process;
  mounts: Mount[];
  linux: Linux;
  annotations?: Record<string, string>;
  /** Not OCI's: it is started in the user namespace of a user without privileges, or in one of its own made by root. */
  userNamespace?: 'caller' | 'own' | 'nested';
}

export interface Process {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  /** Program and arguments; any bytes but NUL. */
  args: Word[];
  /** `NAME=value`, in order. */
  env: (string | Buffer)[];
  cwd: string;
  user: {
    uid: number;
    gid: number;
    additionalGids?: number[];
    umask?: number;
    /** Not OCI's: setgroups(2) is denied in this user namespace, and the caller's groups stay. */
    groupsStay?: boolean;
    /** Not OCI's: the home directory, where HOME in `env` was taken from the accounts. */
    home?: string;
  };
  rlimits?: Rlimit[];
  capabilities?: Capabilities;
  noNewPrivileges?: boolean;
  oomScoreAdj?: number;
  /** Of `linux.seccomp`, compiled. */
  filter?: SeccompFilter;
  /** A session keyring of its own. */
  ownKeyring?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
}

export interface Rlimit {
  /** `RLIMIT_NOFILE` and so on, getrlimit(2). */
  type: string;
  soft: number;
  hard: number;
}

export interface Capabilities {
  bounding: string[];
  effective: string[];
  inheritable: string[];
  permitted: string[];
  ambient: string[];
}

export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  /** Options as mount(8) has them: `nosuid`, `ro`, `mode=755`, ... */
  options?: string[];
  /** Of a bind, not in OCI's spec: what is mounted lies there in the source, and no link leads out of that. */
  subpath?: string;
}

export type NamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface Linux {
  namespaces: { type: NamespaceType; path?: string }[];
  devices?: Device[];
  sysctl?: Record<string, string>;
  resources?: Resources;
  maskedPaths?: string[];
  readonlyPaths?: string[];
}

export interface Device {
  path: string;
  /** Not OCI's: where the host has it, where that is under another name. */
  hostPath?: string;
  type: 'c' | 'b' | 'p';
  major: number;
  minor: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}
