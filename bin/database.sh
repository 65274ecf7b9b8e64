# shellcheck shell=bash
# Talking to the database, and to whoever is at the terminal.

# --- the database --------------------------------------------------------------------------------

connection=() # psql's options
home=''       # the schema of the extension

# Goes where the options and the environment say, and finds the extension there.
connect() {
    local name
    for name in host port username dbname; do
        [[ -z ${given[$name]:-} ]] || connection+=("--$name=${given[$name]}")
    done
    export PGCLIENTENCODING=${PGCLIENTENCODING:-UTF8} PGAPPNAME=${PGAPPNAME:-session-memory}
    if ! command -v psql >/dev/null; then
        PATH=$PATH:$pieces # installed beside psql
        command -v psql >/dev/null || die "psql is not there; it comes with PostgreSQL's client programs"
    fi
    home=$(value "SELECT n.nspname FROM pg_catalog.pg_extension AS e
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                  WHERE e.extname = 'session_memory'") || exit 1
    [[ -n $home ]] || die "this database has no session memory; CREATE EXTENSION session_memory makes one, -d names another database"
}

# psql as this program wants it: errors end it, and are told without the place in a script.
# The standard input is for \copy … FROM pstdin; a script comes with -f.
run_psql() {
    { psql "${connection[@]}" -X -q -v ON_ERROR_STOP=1 -v SHOW_CONTEXT=never -v home="$home" "$@" 2>&1 >&4 | tell_errors; } 4>&1
}
tell_errors() { sed -u 's/^psql:[^ ]*:[0-9]*: //' >&2; }

# sql SCRIPT [psql's options …]: :"home" is the extension's schema, :'x' what -v x=… gives.
sql() {
    local script=$1
    shift
    run_psql "$@" -f /dev/fd/3 3<<<"$script" </dev/null || return 1
}

# The same, for one value.
value() { sql "$@" -A -t; }

# A table for people, or CSV for programs.
table() {
    local script=$1
    shift
    if [[ -n ${given[csv]:-} ]]; then
        sql "$script" --csv "$@"
    else
        # On a terminal nothing is wider than it.
        [[ ! -t 1 ]] || set -- -P format=wrapped "$@"
        sql "$script" -P footer=off -P null=- "$@"
    fi
}

# --- people --------------------------------------------------------------------------------------

# agreed QUESTION [ANSWER]: whether the answer is y or yes, or exactly ANSWER. --yes agrees.
agreed() {
    local answer=''
    [[ -z ${given[yes]:-} ]] || return 0
    printf '%s ' "$1" >&2
    IFS= read -r answer || echo >&2
    if [[ -n ${2:-} ]]; then [[ $answer == "$2" ]]; else [[ $answer =~ ^[yY]([eE][sS])?$ ]]; fi
}
declined() { die "nothing was changed" 3; }

# Progress, on a terminal only: progress TEXT; without a text it is wiped away.
progress() {
    [[ ! -t 2 ]] || printf '\r\033[K%s' "${1:-}" >&2
}

# Progress of what cannot tell of itself: start_ticking FUNCTION has what it prints shown, again and again.
ticker=''
start_ticking() {
    [[ -t 2 ]] || return 0
    while progress "$("$1")"; do sleep 0.2; done &
    ticker=$!
}
stop_ticking() {
    [[ -n $ticker ]] || return 0
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    ticker=''
    progress
}
