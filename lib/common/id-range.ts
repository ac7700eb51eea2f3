/** The ids of the host that a container's user namespace has, `count` users and as many groups. */
export interface IdRange {
  /** The host's number of the container's root. */
  uid: number;
  /** The same of its group. */
  gid: number;
  count: number;
}

/** Owner and group, as numbers. */
export interface Ids {
  uid: number;
  gid: number;
}

/** What a container's numbers are on the host. */
export function toHostIds({ uid, gid }: Ids, range: IdRange): Ids {
  return { uid: uid + range.uid, gid: gid + range.gid };
}
