/** The ids of the host, or of a user's namespace, that a container's user namespace has, `count` users and as many groups. */
export interface IdRange {
  /** The number outside of the container's root. */
  uid: number;
  /** The same of its group. */
  gid: number;
  count: number;
  /** Inside, the user who is root outside, between two parts of the range; nobody is where not given, or 0. */
  callerUid?: number;
  /** The same of the group. */
  callerGid?: number;
}

/** Owner and group, as numbers. */
export interface Ids {
  uid: number;
  gid: number;
}

/** What a container's numbers are on the host. */
export function toHostIds({ uid, gid }: Ids, range: IdRange): Ids {
  return {
    uid: toHostId(uid, range.uid, range.callerUid),
    gid: toHostId(gid, range.gid, range.callerGid),
  };
}

function toHostId(id: number, first: number, caller = 0): number {
  if (caller === 0 || id < caller) return first + id;
  return id === caller ? 0 : first + id - 1;
}

/** Other containers have the same: it is none that one of them has for itself. */
export function isShared({ uid, callerUid }: IdRange): boolean {
  return uid === 0 || callerUid !== undefined;
}
