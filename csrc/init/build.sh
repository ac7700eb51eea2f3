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
    # Its wrapper knows no -static-pie: the start file that relocates the program itself has to be named.
    start=$(musl-gcc '-###' -x c /dev/null 2>&1 | sed -n 's|.* "\{0,1\}\(/[^ "]*\)/Scrt1\.o.*|\1|p')
    set -- -idirafter "$include" -static -nostartfiles "$start/rcrt1.o" "$start/crti.o" "$start/crtn.o" \
        -Wl,-pie,--no-dynamic-linker,-z,text
else
    compiler=${CC:-cc}
    set -- -static-pie
fi
case $(uname -m) in
    x86_64) set -- -fcf-protection=full "$@" ;;
    aarch64) set -- -mbranch-protection=standard "$@" ;;
esac
"$compiler" -std=gnu11 -D_GNU_SOURCE -Os -fPIE -s -Wall -Wextra -Wno-unused-parameter \
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack \
    "$@" -o "$output" "$here"/*.c "$here"/monitor/*.c \
    "$here"/../core/*.c # what it does not use, the linker leaves out
