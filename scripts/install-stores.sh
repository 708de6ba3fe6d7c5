#!/bin/sh
# Installs redis-server and PostgreSQL where they are missing, and a C compiler, which building rad needs and
# rustup doesn't bring. rad starts private servers from the stores' programs, so the services that Debian's
# packages would start are kept from starting.
set -eu

have_initdb() {
    command -v initdb >/dev/null 2>&1 && return 0
    for program in /usr/lib/postgresql/*/bin/initdb /usr/local/pgsql/bin/initdb; do
        [ -x "$program" ] && return 0
    done
    return 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

missing=
command -v redis-server >/dev/null 2>&1 || missing="redis-server"
have_initdb || missing="${missing:+$missing }postgresql"
command -v cc >/dev/null 2>&1 || missing="${missing:+$missing }gcc libc6-dev"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing: $missing. This script only knows apt-get; install them with your system's package manager." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    echo "Missing: $missing. Run as root: apt-get install -y --no-install-recommends $missing" >&2
    exit 1
fi

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

echo "Installing $missing with apt-get (their services are not started now)"
# A mirror that does not answer must not hold the start for the minutes that apt would wait.
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
        -o Acquire::Retries=2 "$@"
}
apt update
# shellcheck disable=SC2086 # a list of packages
apt install -y --no-install-recommends $missing
