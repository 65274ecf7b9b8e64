#!/usr/bin/env bash
# pg_upgrade between two major versions, with the module preloaded and not: pg_upgrade.sh OLD-BIN NEW-BIN
#
# Fills a cluster, upgrades it, and compares every row and every object of the extension. Run by
# scripts/check-upgrade.sh, as root, in a system that may be thrown away. Prints TAP.
set -euo pipefail
old=$1 new=$2
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
cases=0 failed=0

as_postgres() { (cd "$work/run" && exec setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME=/ "$@"); }

# is NAME GOT EXPECTED
is() {
    ((cases += 1))
    if [[ $2 == "$3" ]]; then
        echo "ok $cases - $1"
    else
        ((failed += 1))
        echo "not ok $cases - $1"
        printf '# got:\n%s\n# expected:\n%s\n' "$2" "$3"
    fi
}

# server BIN DATA start|stop
server() { as_postgres "$1/pg_ctl" -s -w -D "$2" -l "$2.log" "$3"; }
sql() { as_postgres "$old/psql" -XAtq -v ON_ERROR_STOP=1 -h "$work/run" -d postgres -c "$1"; }

contents="SELECT string_agg(format('%s: %s', c.relname, md5(query_to_xml(format(
        'SELECT t::text COLLATE \"C\" FROM %s AS t ORDER BY 1', c.oid::regclass), true, true, '')::text)), E'\n' ORDER BY c.relname)
    FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND e.extname = 'session_memory' AND d.deptype = 'e'
      AND d.classid = 'pg_class'::regclass AND c.relkind = 'r' AND c.relname <> 'sm_worker_status'"
objects="SELECT string_agg(o, E'\n' ORDER BY o COLLATE \"C\") FROM (
        SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
        WHERE d.refclassid = 'pg_extension'::regclass AND e.extname = 'session_memory' AND d.deptype = 'e'
          AND d.classid <> 'pg_type'::regclass) AS x (o)"  # 17 has the types of tables as members

for preload in '' session_memory; do
    which=${preload:+preloaded}
    which=${which:-plain}
    rm -rf "$work"/{run,old,new}*
    mkdir "$work/run"
    for pair in "$old old" "$new new"; do
        read -r bin name <<<"$pair"
        mkdir "$work/$name"
        chown -R postgres "$work/run" "$work/$name"
        as_postgres "$bin/initdb" -D "$work/$name" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$work/run/initdb.log" 2>&1
        cat >>"$work/$name/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work/run'
fsync = off
shared_preload_libraries = '$preload'
session_memory.nap_time = 100ms
CONF
        touch "$work/$name.log"
        chown postgres "$work/$name.log"
    done
    echo "session_memory.worker = off" >>"$work/old/postgresql.conf"

    server "$old" "$work/old" start
    sql "CREATE SCHEMA memory"
    sql "CREATE EXTENSION session_memory SCHEMA memory"
    sql "ALTER DATABASE postgres SET search_path = memory"
    sql "CREATE ROLE app"
    sql "SELECT sm_grant('app', 'writer')" >/dev/null
    sql "SELECT sm_add('s' || i % 20, 'q' || i, repeat('answer ', i), jsonb_build_object('n', i), NULL, 'key' || i, 'user' || i % 20)
         FROM generate_series(1, 300) AS i" >/dev/null
    sql "SELECT sm_set_state('s1', '{\"slot\": \"value\"}'), sm_set_summary('s1', 'So far.', 3), sm_end_session('s2'), sm_pop('s3')" >/dev/null
    # Due when the upgrade comes: a janitor at work meanwhile would take it.
    sql "SELECT sm_add('late', 'q', 'a', created_at => clock_timestamp() - interval '2 days')" >/dev/null
    expected=$(sql "$contents") expected_objects=$(sql "$objects")
    server "$old" "$work/old" stop

    status=0
    as_postgres "$new/pg_upgrade" --no-sync -U postgres -b "$old" -B "$new" -d "$work/old" -D "$work/new" -s "$work/run" \
        >"$work/run/pg_upgrade.log" 2>&1 || status=$?
    is "$which: pg_upgrade" "$status" 0
    ((status == 0)) || sed 's/^/# /' "$work/run/pg_upgrade.log"

    echo "session_memory.worker = off" >>"$work/new/postgresql.conf"
    server "$new" "$work/new" start
    is "$which: every row is back" "$(sql "$contents")" "$expected"
    is "$which: and every object" "$(sql "$objects")" "$expected_objects"
    is "$which: what has expired is hidden" "$(sql "SELECT sm_context('late')")" '[]'
    is "$which: seq goes on, and keys are known" \
        "$(sql "SELECT sm_add('s3', 'q', 'a'), sm_add('s4', 'q', 'a', idempotency_key => 'key4')")" '16|1'
    is "$which: grants are there" "$(sql "SET ROLE app; SELECT sm_state('s1')")" '{"slot": "value"}'
    sql "ALTER SYSTEM SET session_memory.worker = on"
    sql "SELECT pg_reload_conf()" >/dev/null
    for ((i = 0; i < 600; i++)); do
        left=$(sql "SELECT count(*) FROM session_memory, sm_context('nobody') WHERE session_id = 'late'")
        ((left)) || break
        sleep 0.1
    done
    is "$which: the janitor works" "$left" 0
    server "$new" "$work/new" stop
done
echo "1..$cases"
((failed == 0))
