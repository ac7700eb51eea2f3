#!/bin/sh
# Run the live cgroup tests on a machine that has cgroup v2 alone: Debian's cloud kernel in QEMU, by software
# emulation, so that neither root nor /dev/kvm is needed. Takes a minute or less.
#
#   apt-get install qemu-system-x86 busybox-static cpio     (once)
#   npm run build                                          (once)
#   test/vm/cgroup-v2.sh
#
# The kernel package is downloaded and unpacked into a temporary directory, never installed.
# Exit code 0: every test held in every place that the guest puts itself in, and no cgroup was left.
set -eu

repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/skiff-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

for tool in qemu-system-x86_64 busybox cpio dpkg-deb; do
    command -v "$tool" >/dev/null && continue
    echo "$0: $tool is missing: apt-get install qemu-system-x86 busybox-static cpio" >&2
    exit 125
done

# The meta package only names the one with the kernel.
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
apt-get download -qq "$package" 2>/dev/null
dpkg-deb -x "$package"_*.deb kernel

mkdir -p root/bin root/proc root/sys root/dev root/tmp
cp "$(command -v busybox)" root/bin/busybox
for applet in sh mount mkdir cat echo sleep tail setsid poweroff; do ln -s busybox "root/bin/$applet"; done
cp "$repository/build/Release/skiff.node" root/
echo '{}' >root/package.json
for program in "$(command -v node)" "$(command -v unshare)" root/skiff.node; do
    [ -e "root/$(basename "$program")" ] || cp "$program" root/bin/
    ldd "$program" | sed -n 's/[^/]*\(\/[^ ]*\) (0x.*/\1/p' | while read -r library; do
        mkdir -p "root$(dirname "$library")"
        cp -L "$library" "root$library"
    done
done
"$repository/node_modules/.bin/esbuild" "$repository/test/vm/cgroup-v2.ts" \
    --alias:bindings="$repository/test/workspace/bindings-stand-in.js" --define:ADDON='"/skiff.node"' \
    --external:/skiff.node --bundle --platform=node --log-level=error --outfile=root/tests.js

# The places that cgroups(7) tells apart.
cat >root/init <<'GUEST'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
export PATH=/bin SKIFF_REQUIRE=cgroup-v2
cat /proc/version
cat /sys/fs/cgroup/cgroup.controllers

place() {
    echo "== $1"
    shift
    "$@" && echo "PLACE HELD" || echo "PLACE FAILED"
}
inside() { (mkdir -p "$1"; echo 0 >"$1/cgroup.procs"; shift; exec "$@"); }
shared() { (mkdir -p "$1"; echo 0 >"$1/cgroup.procs"; sleep 1000 & node /tests.js; held=$?; kill $!; exit $held); }

top=/sys/fs/cgroup
place 'in the root' node /tests.js
place 'alone in a cgroup' inside $top/slice/alone.scope node /tests.js
place 'with a stranger in the cgroup' shared $top/slice/shared.scope
# In a namespace, the mount of cgroup2 that was made in it is the one that shows its root as the root.
place 'in the root of a cgroup namespace' inside $top/namespace /bin/unshare -C -m \
    sh -c 'umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec node /tests.js'
# What systemd gives to a user with Delegate=yes: the directory and these two files.
mkdir -p $top/user/app.scope
echo '+memory +cpu +cpuset +pids' >$top/user/cgroup.subtree_control
for owned in '' /cgroup.procs /cgroup.subtree_control; do chown 1000:1000 $top/user/app.scope$owned; done
place 'as a user in a delegated cgroup' inside $top/user/app.scope node -e \
    'process.setgid(1000); process.setuid(1000); require("/tests.js")'
echo "We moved to: $(find $top -type d -name 'skiff.self')"
echo "LEFT: $(find $top -type d -name 'skiff-*')"
echo "GUEST DONE"
poweroff -f
GUEST
chmod +x root/init
(cd root && find . | cpio --quiet -o -H newc) >initramfs

timeout 600 qemu-system-x86_64 -nodefaults -no-reboot -display none -serial stdio -m 1024 -smp 2 -accel tcg \
    -kernel kernel/boot/vmlinuz-* -initrd initramfs -append 'console=ttyS0 quiet panic=-1' </dev/null | tee console
grep -q 'GUEST DONE' console && ! grep -q 'PLACE FAILED' console && grep -q '^LEFT: .\?$' console
