#!/usr/bin/env bash
# Runs the examples of the documents as they are written there, and compares what they print.
#
#   run.sh [DOCUMENT …]     README.md and docs/*.md by default
#
# Each document has a private database, and its examples run in their order: blocks of sql in psql
# (a connection each), python, js and cpp as programs of their own, table rows | `statement` |
# `SQLSTATE` | as statements that must fail like that. Compared is without regard to blanks, line
# breaks, table rules, row counts, points in time and process numbers. A driver that is not there is
# skipped. Prints TAP. Expects the extension installed.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

here=$root/test/docs
cd "$root"
if (($#)); then documents=("$@"); else documents=(README.md docs/*.md); fi

use_postgres
scratch=$(mktemp -d)
server=''
clean_up() {
    [[ -z $server ]] || server_remove "$server"
    rm -rf "$scratch"
}
at_exit clean_up
server=$(new_work_dir)
server_start "$server"
export PGHOST=$server

# --- telling -------------------------------------------------------------------------------------

tests=0 failures=0

# told STATUS NAME OUTPUT: 0 is good, 77 is skipped, all else failed
told() {
    ((tests += 1))
    case $1 in
        0) echo "ok $tests - $2" ;;
        77) echo "ok $tests - $2 # SKIP $3" ;;
        *)
            echo "not ok $tests - $2"
            echo "# ${3//$'\n'/$'\n'# }"
            ((failures += 1))
            ;;
    esac
}

# --- comparing -----------------------------------------------------------------------------------

# Blanks, line breaks, rules of tables, row counts, points in time and process numbers do not count.
normalized() {
    sed -E -e '/^[-+ ]*-[-+ ]*$/d' -e '/^\([0-9]+ rows?\)$/d' \
        -e 's/[0-9]{4,6}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([+-][0-9]{2}(:?[0-9]{2})?|Z)?/TIME/g' \
        -e 's/(server process with PID) [0-9]+/\1 N/' |
        tr -s '[:space:]' ' ' | sed -E 's/^ | $//g'
}

# same EXPECTED ACTUAL: says what differs, if it does
same() {
    [[ $(normalized <"$1") != "$(normalized <"$2")" ]] || return 0
    echo "expected:"
    cat "$1"
    echo "printed:"
    cat "$2"
    return 1
}

# --- running one block ---------------------------------------------------------------------------

limited=(timeout --kill-after=10 120)

run_sql() { "${limited[@]}" psql -qX <"$1"; }
run_sql_strictly() { "${limited[@]}" psql -qX -v ON_ERROR_STOP=1 <"$1"; }
run_sh() { "${limited[@]}" bash -euo pipefail "$1"; }

run_python() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import psycopg2' 2>/dev/null || continue
        "${limited[@]}" "$python" "$1"
        return
    done
    echo "no psycopg2"
    return 77
}

run_js() {
    local folder=$scratch/js
    if ! { command -v node && command -v npm; } >/dev/null; then
        echo "no node and npm"
        return 77
    fi
    if [[ ! -d $folder/node_modules/pg ]]; then
        mkdir -p "$folder"
        "${limited[@]}" npm install --silent --no-audit --no-fund --prefix "$folder" pg@8 >"$folder/log" 2>&1 ||
            { echo "npm cannot install pg"; return 77; }
    fi
    cp "$1" "$folder/example.mjs"
    "${limited[@]}" node "$folder/example.mjs"
}

run_cpp() {
    local flags
    flags=$(pkg-config --cflags --libs libpqxx 2>/dev/null) || { echo "no libpqxx"; return 77; }
    # shellcheck disable=SC2086  # flags are words
    "${CXX:-g++}" -std=c++20 -w -o "$scratch/example" "$1" $flags && "${limited[@]}" "$scratch/example"
}

# A row of a table of errors.
run_errors() {
    local statement code printed
    IFS=$'\t' read -r statement code <"$1"
    printed=$("${limited[@]}" psql -qX -v VERBOSITY=sqlstate <<<"${statement%;};" 2>&1)
    [[ $printed == *"ERROR:  $code" ]] || { echo "expected $code of: $statement"; echo "$printed"; return 1; }
}

run_block() {
    local block=$1 kind=${1##*.} expected=${1%.*}.output printed=${1%.*}.printed status=0
    [[ $kind != sql || -e $expected ]] || kind=sql_strictly
    "run_$kind" "$block" >"$printed" 2>&1 || status=$?
    if ((status != 0)) && [[ $kind != sql ]]; then
        cat "$printed"
        return "$status"
    fi
    [[ ! -e $expected ]] || same "$expected" "$printed"
}

# --- the documents -------------------------------------------------------------------------------

number=0
for document in "${documents[@]}"; do
    ((number += 1))
    blocks=$scratch/$number
    mkdir "$blocks"
    awk -v out="$blocks" -f "$here/blocks.awk" "$document"
    export PGDATABASE=document_$number
    psql -qX -d postgres -c "ALTER SYSTEM RESET ALL" -c "SELECT pg_reload_conf(), pg_sleep(0.2)" -o /dev/null \
        -c "CREATE DATABASE $PGDATABASE"
    # Only the README tells how to begin.
    grep -q '^CREATE EXTENSION session_memory;' "$document" || psql -qX -c "CREATE EXTENSION session_memory"
    for line in "$blocks"/*.line; do
        [[ -e $line ]] || break
        for block in "${line%.line}".{sql,sh,python,js,cpp,errors}; do
            [[ -e $block ]] || continue
            status=0
            output=$(run_block "$block") || status=$?
            told "$status" "$document:$(cat "$line") ${block##*.}" "$output"
        done
    done
done

# --- what the documents must mention -------------------------------------------------------------

# Every function and setting of the extension, and the defaults in the README's table of settings.
missing() {
    local name file=$scratch/all.md
    cat "${documents[@]}" >"$file"
    psql -qXAt -d postgres -c "CREATE EXTENSION session_memory" \
        -c "SELECT DISTINCT substring(pg_describe_object(classid, objid, 0) FROM '(_?sm_[a-z_]+)\(') FROM pg_depend
            WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_memory') AND classid = 'pg_proc'::regclass" \
        -c "LOAD 'session_memory'" -c "SELECT split_part(name, '.', 2) FROM pg_settings
            WHERE name LIKE 'session_memory.%'" | grep -v '^_' | while read -r name; do
        grep -qw "$name" "$file" || echo "no document mentions $name"
    done
    # shellcheck disable=SC2016  # backquotes of Markdown
    sed -nE 's/^\| `session_memory\.([a-z_]+)` \| `([^`]+)` \|.*/\1 \2/p' README.md | while read -r name value; do
        [[ $(psql -qXAt -d postgres -c "LOAD 'session_memory'" -c "SHOW session_memory.$name") == "$value" ]] ||
            echo "the default of $name is not $value"
    done
}
if ((!$#)); then
    psql -qX -d postgres -c "ALTER SYSTEM RESET ALL" -c "SELECT pg_reload_conf(), pg_sleep(0.2)" -o /dev/null
    output=$(missing)
    told "$([[ -z $output ]]; echo $?)" "every function and setting is described" "$output"
fi

echo "1..$tests"
((failures == 0))
