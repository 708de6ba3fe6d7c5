#!/bin/sh
# Serves four real documentation sites from Debian packages, each on an address of its own, so that a crawl meets
# several hosts with real markup and no network. A private nginx; port 8080 needs no privileges.
#
# usage: scripts/real-sites.sh start|stop|status [FOLDER]     FOLDER defaults to .rad/sites
set -eu

folder=${2:-.rad/sites}
port=8080
names="python postgresql git debian-handbook"

usage() {
    echo "usage: $0 start|stop|status [FOLDER]" >&2
    exit 2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

address_of() {
    case $1 in
    python) echo 127.0.0.11 ;;
    postgresql) echo 127.0.0.12 ;;
    git) echo 127.0.0.13 ;;
    debian-handbook) echo 127.0.0.14 ;;
    esac
}

# Prints the first folder of the site that has an index page. Versions differ between Debian releases.
root_of() {
    case $1 in
    python) set -- /usr/share/doc/python3.*/html ;;
    postgresql) set -- /usr/share/doc/postgresql-doc-[0-9]*/html ;;
    git) set -- /usr/share/doc/git-doc ;;
    debian-handbook) set -- /usr/share/doc/debian-handbook/html ;;
    esac
    for root in "$@"; do
        for index in "$root/index.html" "$root/en-US/index.html"; do
            if [ -e "$index" ]; then
                readlink -f "$root"
                return
            fi
        done
    done
    return 1
}

# Where a crawl starts: the handbook has one folder per language and no page above them.
url_of() {
    case $1 in
    debian-handbook) echo "http://$(address_of "$1"):$port/en-US/index.html" ;;
    *) echo "http://$(address_of "$1"):$port/" ;;
    esac
}

# Debian names some documentation after a version: the one of this release, else the oldest that apt knows.
package_of() {
    case $1 in
    python) pick_package python3.11-doc '^python3\.[0-9]+-doc$' ;;
    postgresql) pick_package postgresql-doc-15 '^postgresql-doc-[0-9]+$' ;;
    git) echo git-doc ;;
    debian-handbook) echo debian-handbook ;;
    esac
}

pick_package() {
    if apt-cache show "$1" >/dev/null 2>&1; then
        echo "$1"
    else
        apt-cache --names-only search "$2" | cut -d' ' -f1 | sort | head -n 1
    fi
}

find_nginx() {
    command -v nginx 2>/dev/null && return
    [ -x /usr/sbin/nginx ] && echo /usr/sbin/nginx
}

install_missing() {
    lacking=
    find_nginx >/dev/null || lacking=nginx
    for name in $names; do
        root_of "$name" >/dev/null || lacking="$lacking $name"
    done
    [ -n "$lacking" ] || return 0
    echo "Installing with apt-get what is missing for:$lacking"
    as_root apt-get update
    packages=
    for name in $lacking; do
        if [ "$name" = nginx ]; then package=nginx-light; else package=$(package_of "$name"); fi
        packages="$packages $package"
    done
    # shellcheck disable=SC2086 # a list of packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
}

write_server() {
    cat <<SITE
    server {
        listen $(address_of "$1"):$port;
        server_name $(address_of "$1");
        root "$(root_of "$1")";
        index index.html;
        access_log "$folder/$1.access.log" timed;
    }
SITE
}

write_config() {
    # As root nginx drops to the user of its own configuration, which must be able to read what it serves.
    if [ "$(id -u)" -eq 0 ]; then echo "user nobody nogroup;"; fi
    cat <<HEAD
worker_processes 1;
daemon on;
pid "$folder/nginx.pid";
error_log "$folder/error.log";
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    charset utf-8;
    sendfile on;
    # The time with milliseconds comes first, so that a test can measure the gaps between requests.
    log_format timed '\$msec \$status \$body_bytes_sent \$request_method \$request_uri "\$http_user_agent"';
    client_body_temp_path "$folder/tmp/body";
    proxy_temp_path "$folder/tmp/proxy";
    fastcgi_temp_path "$folder/tmp/fastcgi";
    uwsgi_temp_path "$folder/tmp/uwsgi";
    scgi_temp_path "$folder/tmp/scgi";
HEAD
    for name in $names; do write_server "$name"; done
    echo "}"
}

# The process of our pid file, if it still is an nginx.
running_pid() {
    [ -s "$folder/nginx.pid" ] || return 1
    pid=$(cat "$folder/nginx.pid")
    kill -0 "$pid" 2>/dev/null || return 1
    grep -q nginx "/proc/$pid/comm" 2>/dev/null || return 1
    echo "$pid"
}

print_urls() {
    for name in $names; do url_of "$name"; done
}

start() {
    install_missing
    mkdir -p "$folder/tmp"
    folder=$(cd "$folder" && pwd -P)
    if ! running_pid >/dev/null; then
        write_config >"$folder/nginx.conf"
        "$(find_nginx)" -e "$folder/error.log" -p "$folder" -c "$folder/nginx.conf"
    fi
    print_urls
}

stop() {
    pid=$(running_pid) || return 0
    kill -QUIT "$pid"
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    if kill -0 "$pid" 2>/dev/null; then kill -TERM "$pid"; fi
}

status() {
    if pid=$(running_pid); then
        echo "running (process $pid)"
        print_urls
    else
        echo "stopped"
        exit 3
    fi
}

case ${1:-} in
start) start ;;
stop) stop ;;
status) status ;;
*) usage ;;
esac
