#!/usr/bin/env bash
# Has promtool judge what running processes export:
#
#   scripts/check-metrics.sh http://127.0.0.1:9464/metrics http://127.0.0.1:9471/metrics
#
# Exits with 1 when it finds something, or when a process does not answer.
set -euo pipefail

# Without curl, bash opens the connection. HTTP/1.0, so that the body comes in one piece and the end is its end.
fetch_with_bash() {
    local rest=${1#http://} host path status line
    host=${rest%%/*}
    path=${rest#"$host"}
    exec 3<>"/dev/tcp/${host%:*}/${host##*:}" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "${path:-/}" "$host" >&3
    read -r -t 10 status <&3 || return 1
    while read -r -t 10 line <&3 && [ "${line%$'\r'}" != "" ]; do :; done
    cat <&3
    exec 3>&-
    [[ $status == *" 200 "* ]]
}

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --max-time 10 --noproxy '*' "$1"
    else
        fetch_with_bash "$1"
    fi
}

check() {
    local text
    if ! text=$(fetch "$1"); then
        echo "$1: no metrics" >&2
        return 1
    fi
    promtool check metrics <<<"$text" || return 1
    echo "$1: $(grep -c '^# TYPE' <<<"$text") metrics, well formed"
}

if [ $# -eq 0 ]; then
    echo "usage: $0 URL..." >&2
    exit 2
fi
if ! command -v promtool >/dev/null 2>&1; then
    echo "promtool is not installed: scripts/install-checkers.sh does it" >&2
    exit 1
fi
failed=0
for url; do check "$url" || failed=1; done
exit "$failed"
