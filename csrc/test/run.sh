#!/bin/sh
# Builds the core, and the pieces of the monitor, a second time with the sanitizers, beside their own test programs, and
# runs these.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
core=$here/../core
monitor=$here/../init/monitor

# usage: build PROGRAM WRAPPED-CALLS FILE...
build() {
    program=$1
    wraps=
    for call in $2; do wraps="$wraps -Wl,--wrap=$call"; done
    shift 2
    # shellcheck disable=SC2086
    "${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-unused-parameter -fno-omit-frame-pointer \
        -fsanitize=address,undefined -fno-sanitize-recover=all $wraps \
        "$@" "$here"/damage.c "$here"/plans.c "$core"/error.c "$core"/plan.c -o "$output/$program"
}

# The set-up's system calls are the test's own: what a broken plan asks for must not happen to this machine.
build core-test "syscall mknod lchown symlink sethostname setrlimit" "$here"/main.c "$here"/fakes.c \
    "$core"/protocol.c "$core"/setup.c "$core"/process.c "$core"/become.c "$core"/capability.c "$core"/binds.c \
    "$core"/seccomp.c "$core"/keyring.c "$core"/label.c "$core"/procfs.c
build monitor-test "write clock_gettime" "$here"/monitor/*.c \
    "$monitor"/request.c "$monitor"/policy.c "$monitor"/log.c "$monitor"/clients.c
"$output/core-test" "$@"
# A monitor reads one request in its life, and keeps what it allocates for it.
ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-} "$output/monitor-test" "$@"
