#!/bin/sh
# Builds the core a second time with the sanitizers, beside its own test program, and runs it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
core=$here/../core

# The set-up's system calls are the test's own: what a broken plan asks for must not happen to this machine.
wraps=
for call in syscall mknod lchown symlink sethostname setrlimit; do wraps="$wraps -Wl,--wrap=$call"; done

# shellcheck disable=SC2086
"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-unused-parameter -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all $wraps \
    "$here"/*.c "$core"/error.c "$core"/plan.c "$core"/protocol.c "$core"/setup.c "$core"/process.c "$core"/capability.c "$core"/binds.c \
    "$core"/seccomp.c "$core"/keyring.c "$core"/procfs.c \
    -o "$output/core-test"
"$output/core-test" "$@"
