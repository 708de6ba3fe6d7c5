#!/bin/sh
# Installs the programs with which `make lint` checks scripts and alert rules: shellcheck, luacheck, promtool.
# Where that is not possible it says so and ends well: lint-scripts.sh names what it could not check.
set -eu

packages=
needs() { command -v "$1" >/dev/null 2>&1 || packages="${packages:+$packages }$2"; }
needs shellcheck shellcheck
needs luacheck lua-check
needs promtool prometheus
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed: $packages. This script only knows apt-get." >&2
    exit 0
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    echo "Not installed: $packages. Run as root: apt-get install -y --no-install-recommends $packages" >&2
    exit 0
fi

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian asks /usr/sbin/policy-rc.d whether a package may start its service; 101 means no. An existing policy is
# the administrator's and stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
fi

install_packages() {
    as_root apt-get update
    # shellcheck disable=SC2086 # a list of packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
}

echo "Installing $packages with apt-get (their services are not started)"
if ! install_packages; then
    echo "Could not install $packages: lint goes on without" >&2
    exit 0
fi
# Of the package prometheus only promtool is wanted: its server must not come up at the next boot either.
case " $packages " in
*" prometheus "*)
    if [ -d /run/systemd/system ]; then as_root systemctl disable prometheus.service; fi
    ;;
esac
