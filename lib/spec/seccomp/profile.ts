/** What becomes of a system call, by the names of libseccomp that OCI profiles use. */
export type SeccompAction =
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_TRAP';

export type SeccompOperator =
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_MASKED_EQ';

/** A condition on one argument of a system call. */
export interface SeccompArgument {
  /** 0 to 5. */
  index: number;
  value: number;
  /** Of MASKED_EQ: what the argument is to be after `value` was put over it as a mask. */
  valueTwo?: number;
  op: SeccompOperator;
}

/** When a rule is part of the filter at all. */
export interface SeccompCondition {
  caps?: string[];
  /** Go's names: `amd64`, `x86`, `x32`, `arm64`, `arm`. */
  arches?: string[];
  /** Such as `4.8`. */
  minKernel?: string;
}

export interface SeccompRule {
  names: string[];
  action: SeccompAction;
  /** Number of the errno of ERRNO, data of TRACE. */
  errnoRet?: number;
  args?: SeccompArgument[] | null;
  includes?: SeccompCondition;
  excludes?: SeccompCondition;
}

/**
 * A seccomp profile: the OCI runtime spec's `linux.seccomp` (config-linux.md "Seccomp"), or the format of Docker and
 * podman, which has `archMap`, `includes` and `excludes` on top of it.
 */
export interface SeccompProfile {
  defaultAction: SeccompAction;
  defaultErrnoRet?: number;
  /** `SCMP_ARCH_X86_64` and so on; none of either means the machine's own. */
  architectures?: string[];
  archMap?: { architecture: string; subArchitectures?: string[] | null }[];
  /** `SECCOMP_FILTER_FLAG_LOG`, `SECCOMP_FILTER_FLAG_SPEC_ALLOW`, `SECCOMP_FILTER_FLAG_TSYNC`. */
  flags?: string[];
  syscalls?: SeccompRule[] | null;
}
