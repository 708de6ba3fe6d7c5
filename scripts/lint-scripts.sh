#!/bin/sh
# Checks shell and Lua files and the rules for Prometheus with the programs that are installed. One that is missing is
# named, and an error only where CI is set; `make checkers` installs all of them.
set -eu
cd "$(dirname "$0")/.."

lua=schema/lua

# Prints the script of this name as Redis gets it: with what stands before it.
joined() {
    cat "$lua/prelude.lua"
    if grep -q "moving!(\"$1\")" schema/src/window/script.rs; then cat "$lua/records.lua" "$lua/moves.lua"; fi
    cat "$lua/$1.lua"
}

# Puts every script so into the folder $1.
join_lua() {
    for script in "$lua"/*.lua; do
        name=$(basename "$script" .lua)
        case $name in
            prelude | records | moves) ;;
            *) joined "$name" >"$1/$name.lua" ;;
        esac
    done
}

# No script uses all that stands before it, so these names, and only they, may stay unused.
shared_names() {
    sed -n -e 's/^local function \([A-Za-z_0-9]*\).*/\1/p' \
        -e 's/^local \([A-Za-z_0-9, ]*\)=.*/\1/p' -e 's/^local \([A-Za-z_0-9, ]*\)$/\1/p' \
        "$lua/prelude.lua" "$lua/records.lua" "$lua/moves.lua" | tr ',' ' '
}

check_lua() {
    joined=$(mktemp -d)
    trap 'rm -rf "$joined"' EXIT
    join_lua "$joined"
    set --
    for name in $(shared_names); do set -- "$@" --ignore "211/$name"; done
    # Redis runs Lua 5.1 and gives every script these globals.
    if ! luacheck --quiet --std lua51 --read-globals redis cjson cmsgpack bit struct KEYS ARGV \
        --no-max-line-length "$@" -- "$joined"; then
        echo "Line numbers count the lines of prelude.lua first, and of records.lua and moves.lua where they belong." >&2
        return 1
    fi
}

check_rules() {
    promtool check config --syntax-only deploy/prometheus/prometheus.yml deploy/prometheus/compose.yml
    promtool check rules deploy/prometheus/rad-alerts.yml
    promtool test rules deploy/prometheus/rad-alerts.test.yml
}

check_shell() {
    shellcheck scripts/*.sh .ci/run
}

missing=
# Runs the check $2 if the program $1 is there; $3 says what is not checked without it.
with() {
    if command -v "$1" >/dev/null 2>&1; then
        "$2"
    else
        echo "$1 is not installed: $3 not checked. To install it: make checkers" >&2
        missing="${missing:+$missing, }$1"
    fi
}

with shellcheck check_shell "shell scripts"
with luacheck check_lua "Lua scripts"
with promtool check_rules "rules for Prometheus"
if [ -n "$missing" ] && [ -n "${CI:-}" ]; then
    echo "In CI everything must be checked, and this is missing: $missing" >&2
    exit 1
fi
