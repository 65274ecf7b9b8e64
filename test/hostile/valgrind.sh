#!/usr/bin/env bash
# A whole server under valgrind (Debian: valgrind), with the extension preloaded: the regression
# scripts on both access paths, and the janitor. No memory may be read that is not ours or was never
# written, and none may be lost.
#
#   valgrind.sh [SUBJECT …]     names of sql/*.sql without .sql; by default a few, in 10 minutes
#
# Only reports with a frame of our module in their stack count: Debian's server has findings of its
# own, and what it writes to disk has padding in it. The server's pieces of memory (palloc) are no
# pieces for valgrind, which sees the blocks they are cut from.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

cd "$root"
command -v valgrind >/dev/null || { echo "no valgrind (Debian: valgrind)"; exit 77; }
subjects=("$@")
(($#)) || subjects=(add append context messages prune state summaries learning)
use_postgres
build
install_extension
folder=$(new_work_dir)
clean_up() { server_remove "$folder"; }
at_exit clean_up
server_start "$folder" "shared_preload_libraries = 'session_memory'" "session_memory.nap_time = 1h" \
    "log_statement = all" "authentication_timeout = 10min" "autovacuum = off" "jit = off"
control() { as_server_user "$bindir/pg_ctl" "$@" -s -w -t 300 -D "$folder/data" -l "$folder/server.log"; }
ask() { psql -qXAt -h "$folder" "$@"; }

# The same server again, each of its processes with a log of its own.
control stop -m fast
: >"$folder/server.log"
reports=$folder/reports
as_server_user mkdir "$reports"
cat >"$folder/postgres" <<SHELL
#!/bin/sh
exec valgrind --quiet --trace-children=yes --leak-check=full --show-leak-kinds=definite \\
    --num-callers=50 --error-limit=no --read-inline-info=no --fullpath-after= \\
    --log-file="$reports/%p" "$bindir/postgres" "\$@"
SHELL
chmod a+rx "$folder/postgres"
control start -p "$folder/postgres"

for path in sql direct; do
    createdb -h "$folder" "$path"
    for subject in "${subjects[@]}"; do
        began=$SECONDS
        PGOPTIONS="-c session_memory.access_path=$path" \
            psql -qXa -h "$folder" -d "$path" -f "sql/$subject.sql" >"$folder/out" 2>&1 ||
            die "$subject: $(tail -n 3 "$folder/out")"
        echo "$subject ($path): $((SECONDS - began)) s"
    done
done

# What a janitor does where something has expired.
createdb -h "$folder" janitor
ask -d janitor -o /dev/null <<'SQL'
CREATE EXTENSION session_memory;
SELECT sm_add('s' || n % 20, 'q', 'a', created_at => now() - interval '9 days', user_id => 'u')
FROM generate_series(1, 200) AS n;
SQL
ask -d postgres -c "ALTER SYSTEM SET session_memory.nap_time = '1s'" -c "SELECT pg_reload_conf()" -o /dev/null
for ((waited = 0; ; ++waited)); do
    [[ $(ask -d janitor -c "SELECT count(*) FROM session_memory") != 0 ]] || break
    ((waited < 120)) || die "no janitor came: $(tail -n 5 "$folder/server.log")"
    sleep 1
done
[[ $(ask -d janitor -c "SELECT bursts > 0 FROM sm_worker_status") == t ]] || die "that was not the janitor"
control stop -m fast

grep -E 'PANIC|TRAP|terminated by signal' "$folder/server.log" && die "it crashed"
calls=$(grep -cE 'LOG:  (statement|execute [^:]*): .*\bsm_' "$folder/server.log")
((calls)) || die "no call at all"

# A report is some lines up to an empty one, each after "==PID== ".
awk -v ours="$root/src/" '
    function judge() {
        if (report ~ /session_memory\.so|[(\/]src\/(core|functions|pg|store|worker)\/|src\/[a-z_]*\.cpp/ &&
            kind ~ /^(Invalid |Conditional jump|Use of uninit|Mismatched|[0-9,]+ (\([^)]*\) )?bytes in .* definitely lost|Argument |Jump to|Process terminating)/) {
            printf "%s\n", report
            ++count
        }
        report = kind = ""
    }
    FNR == 1 { judge() }
    { sub(/^==[0-9]+== ?/, "") }
    /^$/ { judge(); next }
    kind == "" { kind = $0 }
    { report = report $0 "\n" }
    END { judge(); exit count > 0 }' "$reports"/* >"$folder/ours" || found=yes
cat "$folder/ours"
processes=$(find "$reports" -type f | wc -l)
[[ -z ${found:-} ]] || die "$(grep -cE "^[^ ]" "$folder/ours") lines of reports from $processes processes, $calls statements"
echo "$calls statements that call us, $processes processes, 0 reports"
