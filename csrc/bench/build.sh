#!/bin/sh
# Builds the floor program of the benchmark.
# usage: build.sh OUTPUT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$1" "$here"/floor.c "$here"/cgroup.c
