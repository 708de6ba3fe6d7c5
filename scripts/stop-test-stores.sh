#!/bin/sh
# Stops the Postgres and the Redis that all tests share. They outlive every single test on purpose, so a test run
# ends with this, whatever its result.
set -eu
cd "$(dirname "$0")/.."

folder=${CARGO_TARGET_DIR:-target}/test-stores
[ -d "$folder" ] || exit 0
# The data is elsewhere where the servers' account can't reach the folder.
home=$folder
if [ -s "$folder/location" ]; then home=$(cat "$folder/location"); fi
pid_file=$home/postgres/postmaster.pid

# Postgres writes down where its socket is; that of Redis lies beside it.
sockets=$home/run
if [ -s "$pid_file" ]; then sockets=$(sed -n 5p "$pid_file"); fi
if [ -S "$sockets/redis.sock" ]; then
    redis-cli -s "$sockets/redis.sock" shutdown nosave >/dev/null 2>&1 || true
fi

[ -s "$pid_file" ] || exit 0
pid=$(head -n 1 "$pid_file")
# SIGINT is Postgres' fast shutdown.
kill -INT "$pid" 2>/dev/null || exit 0
tries=0
while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
if kill -0 "$pid" 2>/dev/null; then
    echo "Postgres (process $pid) does not stop" >&2
    exit 1
fi
