# Read by bin/run's shell for whoever is not root: the static program joins the user's kept namespaces, where there are
# some, and becomes node. Where it is not built yet, this falls through to node, which builds it.
skiff_package=${skiff_self%/*}/..
if [ -e "$skiff_package/build/complete" ]; then
    skiff_init=$skiff_package/build/Release/skiff-init
else
    case $(uname -m) in
    x86_64) skiff_machine=x64 ;;
    aarch64) skiff_machine=arm64 ;;
    esac
    # Either C library's will do: it is linked statically.
    skiff_init=$skiff_package/prebuilds/linux-$skiff_machine-glibc/skiff-init
    [ -x "$skiff_init" ] || skiff_init=$skiff_package/prebuilds/linux-$skiff_machine-musl/skiff-init
fi
[ ! -x "$skiff_init" ] || exec "$skiff_init" skiff-launch "$0" "$@"
