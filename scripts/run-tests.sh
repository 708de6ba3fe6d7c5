#!/usr/bin/env bash
# Builds everything and runs all tests with real stores: `make test`. Arguments go to the test runner.
#
# What tests store for themselves lies in memory where there is room for it: a slow disk makes servers that wait for it
# miss deadlines which have nothing to do with what is tested.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

memory=/dev/shm
needed_kib=$((6 * 1024 * 1024))
folder=
finish() {
    local result=$?
    scripts/stop-test-stores.sh || result=1
    if [ -n "$folder" ]; then rm -rf "$folder"; fi
    exit "$result"
}
trap finish EXIT

cargo build --workspace --bins
if [ -w "$memory" ] && [ "$(df --output=avail -k "$memory" | tail -n 1)" -ge "$needed_kib" ]; then
    folder=$(mktemp -d "$memory/rad-tests.XXXXXX")
    # The servers' account must get in.
    chmod 1777 "$folder"
    export TMPDIR=$folder
fi
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace "$@"
else
    cargo test --workspace "$@"
fi
