#!/bin/sh
# Builds the static init. musl makes it small (a start costs less); glibc's static library does too.
# usage: build.sh OUTPUT
set -eu
output=$1
here=$(cd "$(dirname "$0")" && pwd)
if command -v musl-gcc >/dev/null 2>&1; then
    compiler=musl-gcc
    # musl has no kernel headers of its own; these are only types and numbers.
    include=$(mktemp -d)
    trap 'rm -rf "$include"' EXIT
    ln -s /usr/include/linux /usr/include/asm-generic "$include"
    ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$include/asm"
    set -- -idirafter "$include"
else
    compiler=${CC:-cc}
    set --
fi
"$compiler" -std=gnu11 -D_GNU_SOURCE -Os -static -s -Wall -Wextra -Wno-unused-parameter \
    -fstack-protector-strong -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack \
    "$@" -o "$output" "$here"/*.c "$here"/monitor/*.c \
    "$here"/../core/*.c # what it does not use, the linker leaves out
