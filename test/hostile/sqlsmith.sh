#!/usr/bin/env bash
# sqlsmith (https://github.com/anse1/sqlsmith, Debian: sqlsmith) against the extension: random
# statements that are valid SQL, with our functions, tables and views in them. Nothing may crash.
#
#   sqlsmith.sh [STATEMENTS]     10000 by default; SQLSMITH says where the program is
#
# It runs as a superuser, since only that reaches everything; what it does is thrown away.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

statements=${1:-10000}
program=${SQLSMITH:-sqlsmith}
command -v "$program" >/dev/null || { echo "no sqlsmith (Debian: sqlsmith)"; exit 77; }
use_postgres
build
install_extension
folder=$(new_work_dir)
clean_up() { server_remove "$folder"; }
at_exit clean_up
server_start "$folder" "shared_preload_libraries = 'session_memory'" "session_memory.nap_time = 1s" \
    "statement_timeout = 1s" "log_min_messages = fatal"
psql -qX -h "$folder" -d postgres -o /dev/null -f - <<'SQL'
CREATE EXTENSION session_memory;
SELECT sm_append('s' || n % 20, jsonb_build_array(jsonb_build_object('query', 'q' || n, 'answer', repeat('a', n))), 'u' || n % 5)
FROM generate_series(1, 400) AS n;
SELECT sm_set_state('s' || n, '{"a": {"b": [1, 2]}}'), sm_set_summary('s' || n, 'So far.', 3) FROM generate_series(1, 10) AS n;
SQL
began=$(psql -qXAt -h "$folder" -d postgres -c "SELECT pg_postmaster_start_time()")
log=$folder/sqlsmith.log
# Its own log tells what it met; it goes on after errors, which random statements mostly are.
"$program" --target="host=$folder port=$PGPORT user=$PGUSER dbname=postgres" --exclude-catalog --max-queries="$statements" \
    --seed=1 --verbose >"$log" 2>&1 || true
tail -n 3 "$log"
grep -E 'PANIC|TRAP|terminated by signal|server closed|crash' "$folder/server.log" "$log" && die "it crashed"
[[ $(psql -qXAt -h "$folder" -d postgres -c "SELECT pg_postmaster_start_time()") == "$began" ]] || die "the server restarted"
ran=$(sed -n 's/.*queries: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
((${ran:-0} >= statements)) || die "it ended after ${ran:-0} statements: $(tail -n 5 "$log")"
echo "$ran statements, no crash"
