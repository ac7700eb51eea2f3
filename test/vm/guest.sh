#!/bin/sh
# Run a command on a machine that has cgroup v2 alone, AppArmor, and Debian's kernel: in QEMU, by software emulation, so that
# neither root nor /dev/kvm is needed. The guest sees this machine's files and programs, this clone among them, at
# the same paths; what it changes of them is gone with it.
#
#   apt-get install qemu-system-x86 busybox-static cpio     (once; apparmor too, for profiles)
#   npm run build                                          (once)
#   test/vm/guest.sh [COMMAND [ARG...]]                    as root, in this clone
#
# Without a command: the tests of all that depends on cgroups or AppArmor. In them, what the guest is there for must be there.
# The kernel package is downloaded and unpacked, never installed: into a temporary directory, or into SKIFF_VM_CACHE, which
# keeps it. A deb of the package apparmor that lies there is unpacked for the guest, too. SKIFF_VM_SECONDS is how long the
# guest may take, 10800 if not given: it is ten times as slow as this machine.
# Exit code: the command's; 125 where the guest did not get so far.
set -eu

[ $# -gt 0 ] || set -- npx jest --runInBand test/cgroup test/security test/rootless test/userns test/run/limits \
    test/detached/life test/detached/restart test/exec/same

repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/skiff-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
cache=${SKIFF_VM_CACHE:-$work/cache}
mkdir -p "$cache"

for tool in qemu-system-x86_64 busybox cpio dpkg-deb mkfs.ext4; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null && continue
    echo "$0: $tool is missing: apt-get install qemu-system-x86 busybox-static cpio dpkg e2fsprogs" >&2
    exit 125
done

# The meta package only names the one with the kernel.
if ! [ -d "$cache/kernel/boot" ]; then
    package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    (cd "$cache" && apt-get download -qq "$package" apparmor 2>/dev/null)
    dpkg-deb -x "$cache/$package"_*.deb "$cache/kernel"
    dpkg-deb -x "$cache"/apparmor_*.deb "$cache/apparmor"
fi
kernel=$(echo "$cache"/kernel/boot/vmlinuz-*)

# Modules behind those that they need, each once: Debian's kernel package has no list of that, each module its own.
modules=
add_module() {
    case " $modules " in *" $1 "*) return ;; esac
    file=$(find "$cache/kernel/lib/modules" -name "$1.ko")
    [ -n "$file" ] || return 0 # built in
    for needed in $(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr ',' ' '); do add_module "$needed"; done
    modules="$modules $1"
    cp "$(find "$cache/kernel/lib/modules" -name "$1.ko")" "$work/initramfs/$1.ko"
}
mkdir -p "$work/initramfs/bin" "$work/initramfs/proc" "$work/initramfs/dev"
for name in virtio_pci virtio_blk 9pnet_virtio 9p crc32c_generic ext4 overlay loop bridge veth; do add_module "$name"; done
cp "$(command -v busybox)" "$work/initramfs/bin/busybox"
for applet in chmod insmod mkdir mount switch_root umount; do ln -s busybox "$work/initramfs/bin/$applet"; done

cat >"$work/initramfs/init" <<GUEST
#!/bin/busybox sh
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in$modules; do insmod /\$module.ko || echo "no module \$module"; done
mkdir -p /host /disk /root
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host
mount -t ext4 /dev/vda /disk
mkdir /disk/upper /disk/work /disk/tmp
chmod 755 /disk/upper
chmod 1777 /disk/tmp
mount -t overlay -o lowerdir=/host,upperdir=/disk/upper,workdir=/disk/work overlay /root
# A file system of its own, where overlay finds what it needs of it: user attributes, and no overlay below.
mount --bind /disk/tmp /root/mnt
mkdir -p /root/mnt/work
mount --bind /host$work /root/mnt/work
umount /proc
mount --move /dev /root/dev
exec switch_root /root /bin/sh $repository/test/vm/guest-init.sh $repository /mnt
GUEST
chmod +x "$work/initramfs/init"
(cd "$work/initramfs" && find . | cpio --quiet -o -H newc) >"$work/initramfs.cpio"

# The command, for the guest to read: each word quoted.
for word; do
    printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
done >"$work/command"
[ -d "$cache/apparmor" ] && cp -r "$cache/apparmor" "$work/apparmor"

truncate -s 8G "$work/disk"
PATH=$PATH:/usr/sbin mkfs.ext4 -q -E nodiscard,lazy_itable_init=1 "$work/disk"
timeout "${SKIFF_VM_SECONDS:-10800}" qemu-system-x86_64 -nodefaults -no-reboot -display none -serial stdio -m 3072 -smp 2 \
    -accel tcg,thread=multi -kernel "$kernel" -initrd "$work/initramfs.cpio" -cpu max \
    -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -append 'console=ttyS0 quiet loglevel=1 panic=-1 apparmor=1 security=apparmor' </dev/null |
    sed -u 's|\r$||' | tee "$work/console"
code=$(sed -n 's/^GUEST EXIT \([0-9]*\)$/\1/p' "$work/console")
exit "${code:-125}"
