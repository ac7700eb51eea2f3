#!/bin/sh
# The first process of the guest of guest.sh: mounts what a machine with systemd has, runs the command, turns it off.
# usage: guest-init.sh CLONE SCRATCH
repository=$1
scratch=$2
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o ptmxmode=666,mode=620,gid=5 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
ln -s /proc/self/fd /dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "/dev/${stream#*:}"; done
mount --make-rshared /
ip link set lo up
hostname guest
export SKIFF_ROOT="$scratch/skiff" TMPDIR="$scratch/tmp" SKIFF_REQUIRE=cgroup-v2,rootless
# Emulated, and on a machine that may be busy.
export SKIFF_TEST_SLOWNESS=10
mkdir -m 1777 "$scratch/tmp"
if [ -x "$scratch/work/apparmor/sbin/apparmor_parser" ]; then
    export PATH="$PATH:$scratch/work/apparmor/sbin" SKIFF_REQUIRE="$SKIFF_REQUIRE,apparmor"
    mkdir -p /etc/apparmor
    : >/etc/apparmor/parser.conf
fi
echo "GUEST $(uname -r), $(cat /sys/fs/cgroup/cgroup.controllers), modules $(cat /sys/kernel/security/lsm)"
cd "$repository" || exit 1
sh -c "$(cat "$scratch/work/command")" </dev/null 2>&1
echo "GUEST EXIT $?"
sync
poweroff -f 2>/dev/null || busybox poweroff -f
