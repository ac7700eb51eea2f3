#!/bin/sh
# usage: test-user.sh [JEST ARGUMENT...]
# The tests as somebody without privileges, within the namespaces that skiff makes for them: there programs use the API.
# Root becomes SKIFF_TEST_USER, or a user that only the tests see, with subordinate ids.
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" -ne 0 ]; then
    # jest's own place has the user's number in its name, which is root's in the namespaces.
    exec bin/run unshare node node_modules/jest/bin/jest.js \
        --cacheDirectory="${XDG_CACHE_HOME:-$HOME/.cache}/skiff-jest" "$@"
fi

place=$(mktemp -d /tmp/skiff-user.XXXXXX)

# What keeps the namespaces would outlive the tests by intent.
clean() {
    record=$place/run/skiff/namespaces.json
    [ ! -e "$record" ] || kill "$(sed 's/.*"pid":\([0-9]*\).*/\1/' "$record")" || true
    rm -rf "$place"
}
trap clean EXIT

# become USER GROUP COMMAND...: with directories that are theirs alone, and nothing of root's environment
become() {
    user=$1 group=$2
    shift 2
    chmod 755 "$place"
    mkdir -m 700 "$place/home" "$place/run" "$place/tmp"
    chown "$user:$group" "$place/home" "$place/run" "$place/tmp"
    env -i PATH="$PATH" HOME="$place/home" XDG_RUNTIME_DIR="$place/run" TMPDIR="$place/tmp" \
        SKIFF_REQUIRE="${SKIFF_REQUIRE-}" "$@"
}

if [ -n "${SKIFF_TEST_USER-}" ]; then
    group=$(id -g "$SKIFF_TEST_USER")
    become "$SKIFF_TEST_USER" "$group" \
        setpriv --reuid="$SKIFF_TEST_USER" --regid="$group" --init-groups scripts/test-user.sh "$@"
    exit
fi

# Ids of the host that nobody else has.
id=64996 subordinate=2100000
mkdir "$place/etc"
printf 'root:x:0:0::/root:/bin/sh\ntester:x:%s:%s::%s:/bin/sh\n' $id $id "$place/home" >"$place/etc/passwd"
printf 'root:x:0:\ntty:x:5:\ntester:x:%s:\n' $id >"$place/etc/group"
printf 'tester:%s:65536\n' $subordinate >"$place/etc/subuid"
cp "$place/etc/subuid" "$place/etc/subgid"
become $id $id unshare -m sh -c '
    for name in passwd group subuid subgid; do mount --bind "$1/$name" "/etc/$name" || exit; done
    id=$2
    shift 2
    exec setpriv --reuid="$id" --regid="$id" --clear-groups "$@"
' sh "$place/etc" $id scripts/test-user.sh "$@"
