# shellcheck shell=bash
# What the project's scripts share: which PostgreSQL to use, how to become root or the server's
# user, how to build and install, and private throw-away servers. To be sourced, not run.
#
# A private server is a folder with the data directory `data`, the log `server.log` and the unix
# socket in it. It listens nowhere else, trusts whoever may enter the folder (its owner and root),
# and has the superuser `postgres`. PostgreSQL refuses to run as root, so where root calls, the
# server runs as the system user `postgres`.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8

die() {
    echo "$*" >&2
    exit 1
}

# --- which PostgreSQL ----------------------------------------------------------------------------

# The major version in use: the one PG_CONFIG names, else the newest installed of 15 to 18, else 15.
postgres_major() {
    if [[ -x $(command -v "${PG_CONFIG:-}") ]]; then
        "$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'
    elif [[ ${PG_CONFIG:-} =~ /postgresql/([0-9]+)/ ]]; then
        echo "${BASH_REMATCH[1]}"
    elif [[ -n ${PG_CONFIG:-} ]]; then
        die "PG_CONFIG=$PG_CONFIG is not there"
    else
        local major
        for major in 18 17 16 15; do
            [[ -x /usr/lib/postgresql/$major/bin/postgres ]] && break
        done
        echo "$major"
    fi
}

# Sets PG_CONFIG and the tools' folders, and forgets what else in the environment would lead psql
# to another server. To be called once the packages are there.
use_postgres() {
    local name
    : "${PG_CONFIG:=/usr/lib/postgresql/$(postgres_major)/bin/pg_config}"
    [[ -x $(command -v "$PG_CONFIG") ]] || die "no PostgreSQL development files: $PG_CONFIG is not there"
    for name in $(compgen -e PG); do
        [[ $name == PG_* ]] || unset "$name"
    done
    export PG_CONFIG PGUSER=postgres PGPORT=5432 PGCONNECT_TIMEOUT=10
    bindir=$("$PG_CONFIG" --bindir)
    PATH=$bindir:$PATH
}

# --- who does what -------------------------------------------------------------------------------

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root or sudo: $*"
    fi
}

# Runs a command as the user the server runs as, in a folder that user can enter.
as_server_user() (
    cd /
    if ((EUID == 0)); then
        export HOME=/
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    fi
    exec "$@"
)

server_user_id() {
    if ((EUID == 0)); then id -u postgres; else id -u; fi
}

# Where folders of servers lie: a folder the server's user may write to, and a short path, since a
# socket's may have 107 bytes at most.
temporary_folder() {
    local base
    for base in "${TMPDIR:-/tmp}" /tmp; do
        if ((${#base} < 40)) && as_server_user test -w "$base"; then
            echo "$base"
            return
        fi
    done
    die "neither ${TMPDIR:-/tmp} nor /tmp can hold a server's files"
}

# Prints a new folder of the server's user.
new_work_dir() {
    as_server_user mktemp -d "$(temporary_folder)/session_memory.XXXXXX"
}

# --- build and install ---------------------------------------------------------------------------

# Objects of another PostgreSQL or compiler are of no use: the stamp says whose they are.
build() {
    local stamp=$root/build/built_for wanted
    wanted="$("$PG_CONFIG" --version) ${CXX:-g++}"
    if [[ $(cat "$stamp" 2>/dev/null) != "$wanted" ]]; then
        make -s -C "$root" clean
        mkdir -p "$root/build"
        echo "$wanted" >"$stamp"
    fi
    make -s -C "$root" -j"$(nproc)" all
}

install_extension() {
    local folder wrapper=()
    for folder in "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)/extension" "$("$PG_CONFIG" --bindir)"; do
        [[ -w $folder ]] || wrapper=(as_root)
    done
    "${wrapper[@]}" make -s -C "$root" install PG_CONFIG="$PG_CONFIG" >/dev/null
}

# --- private servers -----------------------------------------------------------------------------

# The folder of a server: a path as it is, a bare name in the temporary folder.
server_dir() {
    case $1 in
        /*) echo "$1" ;;
        */*) echo "$PWD/$1" ;;
        *) echo "$(temporary_folder)/session_memory_$1.$(server_user_id)" ;;
    esac
}

server_running() {
    as_server_user "$bindir/pg_ctl" status -D "$1/data" >/dev/null 2>&1
}

# server_start FOLDER [line of postgresql.conf …]
server_start() {
    local dir=$1
    shift
    ((${#dir} + 15 < 107)) || die "the path is too long for a unix socket: $dir"
    as_server_user mkdir -p -m 700 "$dir"
    [[ $(stat -c %u "$dir") == "$(server_user_id)" ]] || die "$dir belongs to somebody else"
    as_server_user "$bindir/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
        --no-sync >"$dir/initdb.log" 2>&1 || die "$(tail -n 5 "$dir/initdb.log")"
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$dir'"
        echo "port = $PGPORT"
        echo "fsync = off  # it is thrown away after use"
        printf '%s\n' "$@"
    } >>"$dir/data/postgresql.conf"
    as_server_user "$bindir/pg_ctl" start -s -w -D "$dir/data" -l "$dir/server.log" ||
        die "$(tail -n 20 "$dir/server.log")"
}

# Stops the server in FOLDER and removes the folder. Fine where there is none.
server_remove() {
    server_stop_all "$1"
    rm -rf "$1"
}

# Stops every server whose data directory lies under FOLDER.
server_stop_all() {
    local pidfile
    [[ -d $1 ]] || return 0
    while read -r pidfile; do
        as_server_user "$bindir/pg_ctl" stop -s -w -m immediate -D "${pidfile%/*}" >/dev/null 2>&1 || true
    done < <(find "$1" -name postmaster.pid 2>/dev/null)
}

# Calls COMMAND when the script ends, however it ends.
at_exit() {
    # shellcheck disable=SC2064  # expanded now, on purpose
    trap "$*" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}
