/** What mount(8)'s options are to mount(2): flags to set, flags to clear, and the rest as the file system's data. */
export interface MountFlags {
  flags: bigint;
  data: string;
}

/** MS_ flags of linux/mount.h. */
const MS = {
  RDONLY: 1n,
  NOSUID: 2n,
  NODEV: 4n,
  NOEXEC: 8n,
  SYNCHRONOUS: 16n,
  NOATIME: 1024n,
  NODIRATIME: 2048n,
  BIND: 4096n,
  REC: 16384n,
  RELATIME: 1n << 21n,
  STRICTATIME: 1n << 24n,
};

/** No device in it can be opened. */
export const MS_NODEV = MS.NODEV;

const OPTIONS: Record<string, { set?: bigint; clear?: bigint }> = {
  ro: { set: MS.RDONLY },
  rw: { clear: MS.RDONLY },
  nosuid: { set: MS.NOSUID },
  suid: { clear: MS.NOSUID },
  nodev: { set: MS.NODEV },
  dev: { clear: MS.NODEV },
  noexec: { set: MS.NOEXEC },
  exec: { clear: MS.NOEXEC },
  sync: { set: MS.SYNCHRONOUS },
  async: { clear: MS.SYNCHRONOUS },
  noatime: { set: MS.NOATIME },
  atime: { clear: MS.NOATIME },
  nodiratime: { set: MS.NODIRATIME },
  diratime: { clear: MS.NODIRATIME },
  relatime: { set: MS.RELATIME },
  norelatime: { clear: MS.RELATIME },
  strictatime: { set: MS.STRICTATIME },
  nostrictatime: { clear: MS.STRICTATIME },
  bind: { set: MS.BIND },
  rbind: { set: MS.BIND | MS.REC },
  defaults: {},
};

/** Sort options into flags and data; a later one wins over an earlier one. */
export function toMountFlags(options: readonly string[] = []): MountFlags {
  let flags = 0n;
  const data: string[] = [];
  for (const option of options) {
    const known = Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
    if (known) flags = (flags & ~(known.clear ?? 0n)) | (known.set ?? 0n);
    else data.push(option);
  }
  return { flags, data: data.join(',') };
}
