#!/bin/sh
# Installs the programs with which `make lint` checks scripts and alert rules: shellcheck, luacheck, promtool.
# `make checkers` runs it, and so does `make lint` where CI is set; nowhere else anything is installed unasked.
set -eu

packages=
needs() { command -v "$1" >/dev/null 2>&1 || packages="${packages:+$packages }$2"; }
needs shellcheck shellcheck
needs luacheck lua-check
needs promtool prometheus
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing: $packages. This script only knows apt-get; install them with your system's package manager." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    echo "Missing: $packages. Run as root: apt-get install -y --no-install-recommends $packages" >&2
    exit 1
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

# A mirror that does not answer must not hold a run for the minutes that apt would wait.
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
        -o Acquire::Retries=2 "$@"
}

echo "Installing $packages with apt-get (their services are not started)"
# Without fresh lists the packages may still be there. A failed update alone is no failure.
apt update || echo "The lists of packages could not be updated" >&2
# shellcheck disable=SC2086 # a list of packages
if ! apt install -y --no-install-recommends $packages; then
    echo "Could not install $packages: scripts and alert rules can't be checked without" >&2
    exit 1
fi
# Of the package prometheus only promtool is wanted: its server must not come up at the next boot either.
case " $packages " in
*" prometheus "*)
    if [ -d /run/systemd/system ]; then as_root systemctl disable prometheus.service; fi
    ;;
esac
