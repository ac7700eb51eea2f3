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

# clean PLACE: end whoever is in the namespaces of its user, who would outlive the tests by intent, and remove it. The
# record is that user's: nobody in the namespace of this shell is ended by what it says.
clean() {
    record=$1/run/skiff/namespaces.json
    if [ -e "$record" ]; then
        namespace=$(sed 's/.*"inode":\([0-9]*\).*/user:[\1]/' "$record")
        own=$(readlink /proc/self/ns/user)
        for process in /proc/[0-9]*; do
            [ "$(readlink "$process/ns/user")" != "$namespace" ] || [ "$namespace" = "$own" ] || kill -KILL "${process#/proc/}" || true
        done
    fi
    rm -rf "$1"
}

# Whoever was killed before could not: its lock is free. Only directories of this user's: in /tmp anybody can make others.
for left in "${TMPDIR:-/tmp}"/skiff-user.*; do
    if [ ! -L "$left" ] && [ -O "$left" ] && [ -O "$left/lock" ] && flock --nonblock "$left/lock" true; then clean "$left"; fi
done

place=$(mktemp -d "${TMPDIR:-/tmp}/skiff-user.XXXXXX")
exec 9>"$place/lock"
flock 9
tests=
trap 'clean "$place"' EXIT
for signal in INT TERM HUP; do
    # The shell itself hears of it while it waits for what is behind it, not for what is before.
    trap '[ -z "$tests" ] || { kill "$tests" && wait "$tests"; } || true; exit 1' $signal
done

# become USER GROUP COMMAND...: with directories that are theirs alone, and nothing of root's environment
become() {
    user=$1 group=$2
    shift 2
    chmod 755 "$place"
    mkdir -m 700 "$place/home" "$place/run" "$place/tmp"
    chown "$user:$group" "$place/home" "$place/run" "$place/tmp"
    env -i PATH="$PATH" HOME="$place/home" XDG_RUNTIME_DIR="$place/run" TMPDIR="$place/tmp" \
        SKIFF_REQUIRE="${SKIFF_REQUIRE-}" "$@" 9>&- &
    tests=$!
    wait "$tests"
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
