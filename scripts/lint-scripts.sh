#!/bin/sh
# Checks shell and Lua files and the rules for Prometheus with the programs that are installed; one that is missing
# is named, not an error. scripts/install-checkers.sh installs all of them.
set -eu
cd "$(dirname "$0")/.."

lua=schema/lua

# Puts every script behind the prelude, as Redis gets it, into the folder $1.
join_lua() {
    for script in "$lua"/*.lua; do
        name=${script##*/}
        if [ "$name" != prelude.lua ]; then cat "$lua/prelude.lua" "$script" >"$1/$name"; fi
    done
}

# No script uses all of the prelude, so its names, and only they, may stay unused.
prelude_names() {
    sed -n -e 's/^local function \([A-Za-z_0-9]*\).*/\1/p' \
        -e 's/^local \([A-Za-z_0-9, ]*\)=.*/\1/p' -e 's/^local \([A-Za-z_0-9, ]*\)$/\1/p' \
        "$lua/prelude.lua" | tr ',' ' '
}

check_lua() {
    joined=$(mktemp -d)
    trap 'rm -rf "$joined"' EXIT
    join_lua "$joined"
    set --
    for name in $(prelude_names); do set -- "$@" --ignore "211/$name"; done
    # Redis runs Lua 5.1 and gives every script these globals.
    if ! luacheck --quiet --std lua51 --read-globals redis cjson cmsgpack bit struct KEYS ARGV \
        --no-max-line-length "$@" -- "$joined"; then
        echo "Line numbers count the $(wc -l <"$lua/prelude.lua") lines of $lua/prelude.lua first." >&2
        return 1
    fi
}

check_rules() {
    promtool check config --syntax-only deploy/prometheus/prometheus.yml deploy/prometheus/compose.yml
    promtool check rules deploy/prometheus/rad-alerts.yml
    promtool test rules deploy/prometheus/rad-alerts.test.yml
}

if command -v shellcheck >/dev/null 2>&1; then
    shellcheck scripts/*.sh .ci/run
else
    echo "shellcheck is not installed: shell scripts not checked" >&2
fi
if command -v luacheck >/dev/null 2>&1; then
    check_lua
else
    echo "luacheck is not installed: Lua scripts not checked" >&2
fi
if command -v promtool >/dev/null 2>&1; then
    check_rules
else
    echo "promtool is not installed: rules for Prometheus not checked" >&2
fi
