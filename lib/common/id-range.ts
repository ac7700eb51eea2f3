/** The ids of the host that a container's user namespace has, `count` users and as many groups. */
export interface IdRange {
  /** The host's number of the container's root. */
  uid: number;
  /** The same of its group. */
  gid: number;
  count: number;
}
