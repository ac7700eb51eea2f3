#!/bin/sh
# Builds a program of the benchmark.
# usage: build.sh floor|mounts OUTPUT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case $1 in
floor) set -- "$2" "$here/floor.c" "$here/cgroup.c" "$here/clone.c" ;;
mounts) set -- "$2" "$here/mounts.c" ;;
*) echo "build.sh: no such program: $1" >&2 && exit 2 ;;
esac
output=$1
shift
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$output" "$here/common.c" "$@"
