#!/usr/bin/env bash
# The administrator's tool, run as people and scripts run it: its commands, its menu on a
# pseudo-terminal, and moving in from a real Redis. Prints TAP; a function is a test, which prints
# what is wrong and fails, or returns 77 after saying why it cannot look.
#
#   run.sh [TEST …]     on a server of its own, or the one in the folder PGHOST, with the extension installed

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
server=${PGHOST:-}
use_postgres
here=$root/test/tool
tool=$bindir/session-memory # the installed one
scratch=$(mktemp -d)
own_server=''
clean_up() {
    [[ ! -e $scratch/redis.pid ]] || kill "$(cat "$scratch/redis.pid")" 2>/dev/null || true
    [[ -z $own_server ]] || server_remove "$own_server"
    rm -rf "$scratch"
}
at_exit clean_up
if [[ -z $server ]]; then
    own_server=$(new_work_dir)
    server_start "$own_server"
    server=$own_server
fi
export PGHOST=$server PGDATABASE=postgres
cd "$scratch"

# --- what the tests say --------------------------------------------------------------------------

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# expect STATUS ARGUMENTS …: runs the tool; its output is then in out and err.
expect() {
    local wanted=$1 status=0
    shift
    timeout 60 "$tool" "$@" >out 2>err || status=$?
    ((status == wanted)) || wrong "session-memory ${*@Q} ended with $status instead of $wanted"
}
says() { grep -qFe "$1" out || wrong "it does not say $1"; }
complains() { grep -qFe "$1" err || wrong "it does not complain of $1"; }
# is WANTED QUERY …
is() {
    local found
    found=$(sql -c "$2" "${@:3}")
    [[ $found == "$1" ]] || wrong "$2 gives $found instead of $1"
}
wrong() {
    echo "$1"
    head -n 20 out err 2>/dev/null
    return 1
}

# A memory in a schema with a name that wants quoting, and that CREATE EXTENSION would not take.
memory="\"My \"\"mem\\ory\"\" %s \$1 'x' --\""
sql -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS tool_template" -c "CREATE DATABASE tool_template"
sql -d tool_template -c 'CREATE SCHEMA "My memory"' -c 'CREATE EXTENSION session_memory SCHEMA "My memory"' \
    -c "ALTER SCHEMA \"My memory\" RENAME TO $memory"

# Conversations of two users, and one of nobody.
fill() {
    sql <<'SQL'
SELECT sm_append('ann-1', '[{"query": "Is there a pool?", "answer": "On the roof."}, {"query": "Is it \"warm\"?\n", "answer": "Ünd wie 中 \\"}]', 'ann'),
       sm_set_state('ann-1', '{"slots": {"pool": true}}');
SELECT sm_append('ann-2', '{"role": "user", "content": "Hello"}', 'ann');
SELECT sm_append('bob-1', '{"role": "user", "content": "Good morning"}', 'bob');
SELECT sm_set_profile('ann', '{"name": "Ann", "language": "en"}');
SELECT sm_record_event('ann', 'booking', '{"city": "Rome"}');
INSERT INTO sm_artifact (session_id, kind, name, data, created_at, updated_at)
VALUES ('ann-1', 'model', 'm', '{"weights": [1, 2, 3]}', now(), now());
SELECT sm_append('nobody-1', '{"role": "user", "content": "Who am I?"}');
SQL
} >/dev/null

# One hash of all rows of all tables with what users have: hints for the worker do not count.
hash() {
    sql <<'SQL'
SELECT 'SELECT md5(string_agg(h, '','' ORDER BY h)) FROM (' || string_agg(format(
           'SELECT %L || md5(coalesce(string_agg(r, chr(10) ORDER BY r), '''')) FROM (SELECT (to_jsonb(t) - ''prune_at'')::text FROM %s AS t) AS t (r)',
           c.oid::regclass, c.oid::regclass), ' UNION ALL ') || ') AS all_of (h)'
FROM pg_extension AS e, unnest(e.extconfig) AS x JOIN pg_class AS c ON c.oid = x
WHERE e.extname = 'session_memory' AND c.relname NOT IN ('sm_backup', 'sm_backup_part', 'sm_audit') \gexec
SQL
}

# --- arguments -----------------------------------------------------------------------------------

help_needs_no_server() {
    PGHOST=/nowhere expect 0 --help
    says "session-memory [CONNECTION] [COMMAND ...]"
    PGHOST=/nowhere expect 0 import-redis --help
    says "--newest-first"
}

wrong_usage_is_status_2() {
    expect 2 dance
    complains 'no command "dance"'
    expect 2 users --wings
    expect 2 users --csv=yes
    expect 2 users ann
    expect 2 users --reason x
    expect 2 users --limit many
    expect 2 forget
    expect 2 forget -x
    complains "goes after --"
    expect 2 restore first
    expect 2 restore
    expect 2 export
    expect 2 import-redis
    expect 2 import-redis --pattern 'a:*' --ttl soon
    expect 2 import-redis --from memcached
    expect 2 stats -d
}

says_what_it_cannot_reach() {
    PGHOST=$scratch expect 1 stats
    complains "connection to server"
    expect 1 -d template1 stats
    complains "CREATE EXTENSION session_memory"
}

connection_options() {
    PGHOST=/nowhere PGDATABASE=nothing expect 0 -h "$server" -p "$PGPORT" -U "$PGUSER" -d "$1" stats
    PGHOST=/nowhere PGDATABASE=nothing expect 0 stats --dbname "postgresql:///$1?host=$server"
    PGHOST=/nowhere PGDATABASE=nothing expect 0 stats -d "dbname=$1 host=$server"
}

# --- statistics ----------------------------------------------------------------------------------

statistics() {
    fill
    expect 0 stats
    says "interactions "
    says "health: ok"
    expect 0 stats --csv
    [[ $(cut -d, -f1,2 out) == $'sessions,interactions\n4,5' ]] || wrong "not CSV"
    expect 0 watch 0.01 --count 2
    (($(grep -c "health: ok" out) == 2)) || wrong "not two frames"
    says bob-1
}

# --- users ---------------------------------------------------------------------------------------

users_are_listed() {
    fill
    expect 0 users --csv
    [[ $(cut -d, -f1-4 out) == $'user_id,name,sessions,interactions\nann,Ann,2,3\nbob,,1,1' ]] || wrong "not the users"
    expect 0 users --csv --after ann --limit 1
    [[ $(cut -d, -f1 out) == $'user_id\nbob' ]] || wrong "not the page"
    expect 0 users
    says "Ann"
}

show_tells_of_users_and_sessions() {
    fill
    expect 0 show ann
    says "user 'ann'"
    says '"language": "en"'
    says ann-2
    expect 0 show ann-1
    says "session 'ann-1'"
    says "On the roof."
    expect 3 show nobody
    complains "no user and no living session 'nobody'"
}

forgetting_asks() {
    fill
    local before
    before=$(hash)
    expect 3 forget ann <<<n
    expect 3 forget ann <<<ann
    expect 3 forget ann </dev/null
    complains "session_memory"
    complains "nothing was changed"
    expect 3 forget Ann --yes
    complains "nothing is known of user 'Ann'"
    [[ $(hash) == "$before" ]] || wrong "something was changed"
    is 0 "SELECT count(*) FROM sm_backup"
    expect 0 forget ann <<<y
    says "session-memory restore 1"
    is 'bob-1 nobody-1' "SELECT string_agg(session_id, ' ' ORDER BY session_id) FROM sm_session"
    expect 0 restore 1 --user ann
    [[ $(hash) == "$before" ]] || wrong "not restored"
}

forgetting_without_backup() {
    fill
    expect 0 backup --reason "before" --yes
    expect 0 forget ann --no-backup --yes
    says "also from 1 earlier backups"
    is t "SELECT bool_and(lines !~ 'ann') FROM sm_backup_part"
    expect 0 backup bob
    expect 0 forget bob --yes
    expect 0 forget bob --no-backup --yes
    says "also from 3 earlier backups"
    is 1 "SELECT count(*) FROM sm_backups()"
    expect 3 forget bob --no-backup --yes
}

# What people and programs choose as ids is not SQL, not an option, and nothing to psql or the shell.
ids_are_only_ids() {
    local ids=("it's" 'a "b"' "'; DROP TABLE session_memory; --" ":'user'" ':"home"' '\gx' '\! touch owned' "\$(touch owned)"
        $'new\nline' $'\\.\nx' -dash --yes -- '%s*' 'ünï 中' $'tab\t\\ $$')
    local id number=0
    for id in "${ids[@]}"; do
        ((number += 1))
        sql -v id="$id" -v session="s$number" <<<"SELECT sm_append(:'session', '{\"content\": \"x\"}', :'id'),
            sm_append(:'id', '{\"content\": \"x\"}', 'owner')" >/dev/null
    done
    number=0
    for id in "${ids[@]}"; do
        ((number += 1))
        expect 0 show -- "$id"
        says "s$number"
        expect 0 forget --yes -- "$id"
        is "$number $((2 * ${#ids[@]} - number)) 0" "SELECT concat_ws(' ', (SELECT count(*) FROM sm_backups()), count(*),
            count(*) FILTER (WHERE session_id = 's$number')) FROM sm_session"
    done
    expect 0 backup --reason "it's :'x' \\ \"why\"" -- "owner"
    is "it's :'x' \\ \"why\"" "SELECT reason FROM sm_backups() LIMIT 1"
    sql -c "SELECT sm_forget_user('owner', 'owner', false)" -c "SELECT sm_backup()" >/dev/null
    number=0
    for id in "${ids[@]}"; do
        ((number += 1))
        sql -v id="$id" <<<"SELECT sm_append(:'id', '{\"content\": \"x\"}')" >/dev/null
        expect 0 export f --session "$id"
        (($(wc -l <f) == 4)) || wrong "not the session ${id@Q}"
        sql -v id="$id" <<<"SELECT sm_backup() \g /dev/null
            SELECT sm_clear(:'id') \g /dev/null"
        expect 0 restore "$(sql -c "SELECT max(backup_id) FROM sm_backups()")" --session "$id"
        is "$number" "SELECT count(*) FROM sm_session"
        rm f
    done
    [[ ! -e owned ]] || wrong "something was run"
}

# --- clearing and backups ------------------------------------------------------------------------

clearing_and_restoring_gives_the_same() {
    fill
    local before answer
    before=$(hash)
    for answer in yes y '' YES!; do
        expect 3 clear-all <<<"$answer"
    done
    expect 3 clear-all </dev/null
    [[ $(hash) == "$before" ]] || wrong "something was changed"
    expect 0 clear-all <<<YES
    says "session-memory restore 1"
    is 0 "SELECT count(*) FROM sm_session"
    expect 0 clear-all --yes
    says "nothing to remove"
    expect 0 restore 1
    says "0 were there already, 0 differ"
    [[ $(hash) == "$before" ]] || wrong "not the same"
}

backups_are_kept_and_found() {
    fill
    expect 0 backup --reason "weekly"
    [[ $(<out) == 1 ]] || wrong "not the number alone"
    expect 0 backup ann
    expect 1 backup nobody
    expect 0 backups --csv
    [[ $(cut -d, -f1,3,4 out) == $'backup_id,reason,user_id\n1,weekly,\n2,,ann' ]] || wrong "not the backups"
    expect 3 restore 3
    complains "there is no backup 3"
    expect 3 restore 99999999999999999
    sql -c "SELECT sm_clear('ann-1'), sm_clear('bob-1')" >/dev/null
    expect 0 restore 1 --session ann-1
    is 2 "SELECT count(*) FROM sm_session WHERE user_id = 'ann'"
    is 0 "SELECT count(*) FROM sm_session WHERE user_id = 'bob'"
    # What has gone on is left as it is, and named.
    sql -c "SELECT sm_add('ann-2', 'More', 'Yes')" >/dev/null
    expect 0 restore 1
    says 'session that differs: "ann-2"'
    is 2 "SELECT interactions FROM sm_stats('ann-2')"
    is 1 "SELECT count(*) FROM sm_session WHERE user_id = 'bob'"
    expect 3 delete-backup 1 <<<n
    expect 0 delete-backup 1 <<<y
    expect 3 delete-backup 1 --yes
    is 2 "SELECT backup_id FROM sm_backups()"
}

# --- files ---------------------------------------------------------------------------------------

exported_and_imported_is_the_same() {
    fill
    local before
    before=$(hash)
    expect 0 export file.jsonl
    [[ $(stat -c %a file.jsonl) == 600 ]] || wrong "others may read the file"
    [[ $(jq_lines file.jsonl) == "$(wc -l <file.jsonl)" ]] || wrong "not JSON Lines"
    cp file.jsonl copy.jsonl
    expect 0 export file.jsonl
    [[ $(grep -v exported_at file.jsonl) == "$(grep -v exported_at copy.jsonl)" ]] || wrong "not the same file again"
    expect 0 import file.jsonl
    says "0 rows added"
    sql -c "SELECT sm_clear_all('YES')" >/dev/null
    expect 0 import file.jsonl
    says "0 were there already, 0 differ"
    [[ $(hash) == "$before" ]] || wrong "not the same"
    sql -c "SELECT sm_clear_all('YES')" >/dev/null
    expect 0 import - <file.jsonl
    [[ $(hash) == "$before" ]] || wrong "not the same by standard input"
    expect 0 export -
    [[ $(grep -v exported_at out) == "$(grep -v exported_at file.jsonl)" ]] || wrong "not the same by standard output"
    expect 0 export /dev/null
    [[ -c /dev/null ]] || wrong "/dev/null is no device any more"
    expect 0 export ann.jsonl --user ann
    grep -q '"user_id": "bob"' ann.jsonl && wrong "bob is in the file of ann"
    sed 's/$/\r/' file.jsonl >dos.jsonl
    expect 0 import dos.jsonl
    # A file stays as it was where nothing can be exported.
    expect 1 export file.jsonl --user "$(printf 'x%.0s' {1..256})"
    cmp <(grep -v exported_at file.jsonl) <(grep -v exported_at copy.jsonl) || wrong "the file was damaged"
    expect 1 export "$scratch/nowhere/file"
    [[ $(echo file.jsonl*) == file.jsonl ]] || wrong "something was left behind"
    rm ./*.jsonl
}
jq_lines() { python3 -c 'import json, sys; print(sum(isinstance(json.loads(line), dict) for line in sys.stdin))' <"$1"; }

# damaged REASON SED_SCRIPT: a file changed like that is refused, and nothing of it is imported.
damaged() {
    sed "$2" file.jsonl >damaged.jsonl
    ! cmp -s file.jsonl damaged.jsonl || wrong "$2 changes nothing"
    expect 1 import damaged.jsonl
    complains "$1"
    (($(wc -l <err) < 10)) || wrong "it says too much"
    is 0 "SELECT count(*) FROM sm_session"
}

damaged_files_are_refused() {
    fill
    expect 0 export file.jsonl
    expect 1 import nothing.jsonl
    complains "cannot be read"
    sql -c "SELECT sm_clear_all('YES')" >/dev/null
    local last
    last=$(wc -l <file.jsonl)
    damaged "line 3," '3s/}$//'
    damaged "line 3," '3s/.*/not JSON/'
    damaged "line 4 is empty" '4s/.*//'
    damaged "line 1 is not the header" '1d'
    damaged "line 1 is not the header" '1s/.*/{"session_memory": 1}/'
    damaged "line $((last - 1)) is not the end" "\$d"
    damaged "is the end of" '3d'
    damaged "line 3 is of an unknown table" '3s/"table": "[a-z_]*"/"table": "pg_authid"/'
    damaged "newer than" '1s/"format": 1/"format": 2/'
    damaged "line 5 is a second header" '5s/.*/{"session_memory": {}}/'
    : >empty.jsonl
    expect 1 import empty.jsonl
    complains "line 1 is not the header"
    expect 1 import "$tool"
    is 0 "SELECT count(*) FROM sm_session"
    rm ./*.jsonl
}

large_files_come_in_parts() {
    sql -c "SELECT count(sm_append('large-' || i, to_jsonb(array_fill(jsonb_build_object('content', repeat(i || ' words ', 150)), '{10}')), 'user-' || i % 10))
            FROM generate_series(1, 900) AS i" >/dev/null
    local before line
    before=$(hash)
    expect 0 export file.jsonl
    says "9900 rows written"
    sql -c "SELECT sm_clear_all('YES')" >/dev/null
    # What is wrong in the last part undoes them all, and is found in its line.
    line=$(grep -n '"table": "session_memory"' file.jsonl | tail -n 1 | cut -d: -f1)
    damaged "line $line is of an unknown table" "${line}s/\"table\": \"[a-z_]*\"/\"table\": \"x\"/"
    sql -c "CREATE TABLE public.parts (at timestamptz)" -c "CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO public.parts VALUES (statement_timestamp()); RETURN NULL; END'" \
        -c "CREATE TRIGGER count_it AFTER INSERT ON sm_session EXECUTE FUNCTION count_it()"
    expect 0 import file.jsonl
    says "9900 rows added"
    is t "SELECT count(DISTINCT at) >= 3 FROM parts"
    [[ $(hash) == "$before" ]] || wrong "not the same"
    rm ./*.jsonl
}

# --- moving in from Redis ------------------------------------------------------------------------

redis() { redis-cli -s "$scratch/redis.sock" "$@" >/dev/null; }
need_redis() {
    command -v redis-server redis-cli >/dev/null || { echo "no redis-server"; return 77; }
    {
        if [[ ! -e $scratch/redis.pid ]]; then
            redis-server --port 0 --unixsocket "$scratch/redis.sock" --save '' --appendonly no --daemonize yes \
                --dir "$scratch" --pidfile "$scratch/redis.pid"
            timeout 30 bash -c "until [[ \$(redis-cli -s '$scratch/redis.sock' ping 2>/dev/null) == PONG ]]; do sleep 0.1; done"
        fi
        redis flushall
    } >/dev/null
}

import_redis() { expect "$1" import-redis --socket "$scratch/redis.sock" "${@:2}"; }

redis_lists_become_sessions() {
    need_redis || return
    redis rpush chat:a '{"role": "user", "content": "Hi"}' '{"role": "assistant", "content": "\"He\\llo\"\n中", "n": 1.50}'
    redis rpush "chat:it's \"b\" :'x' %s" '{"role": "user", "content": "x"}'
    printf 'two\nlines\r\t\\N \\.' | redis -x rpush chat:text
    redis rpush chat:text '"a JSON string"' 42 '{not JSON' '[1]'
    redis set chat:string no-list
    redis rpush other:c '{}'
    import_redis 0 --pattern 'chat:*' --role customer
    says "3 sessions with 8 messages imported, 0 were there already, 0 left out, 1 other keys"
    is $'a\nit\'s "b" :\'x\' %s\ntext' 'SELECT session_id FROM sm_session ORDER BY 1'
    is '[{"role": "user", "content": "Hi"}, {"n": 1.50, "role": "assistant", "content": "\"He\\llo\"\n中"}]' \
        "SELECT history FROM session_history WHERE session_id = 'a'"
    is '["two\nlines\r\t\\N \\.", "a JSON string", "42", "{not JSON", "[1]"]' \
        "SELECT jsonb_path_query_array(history, '\$[*] ? (@.role == \"customer\").content') FROM session_history WHERE session_id = 'text'"

    # Again: nothing twice, and what has been said since stays.
    sql -c "SELECT sm_add('a', 'Still there?', 'Yes.')" >/dev/null
    redis rpush chat:d '{"role": "user", "content": "new"}'
    import_redis 0 --pattern 'chat:*'
    says "1 sessions with 1 messages imported, 3 were there already, 0 left out"
    is 3 "SELECT interactions FROM sm_stats('a')"
    import_redis 3 --pattern 'nothing:*'
    redis rpush room-12 '{"content": "x"}'
    import_redis 0 --pattern 'room-1*'
    is 12 "SELECT session_id FROM sm_session WHERE session_id LIKE '%2'"
    import_redis 0 --pattern '[o]ther:*'
    is 'other:c' "SELECT session_id FROM sm_session WHERE session_id LIKE '%:%' AND session_id NOT LIKE 'it%'"
}

redis_time_to_live() {
    need_redis || return
    redis rpush t:short '{"content": "x", "timestamp": 1000000000}'
    redis pexpire t:short 3600000
    redis rpush t:ever '{"content": "x", "timestamp": "2001-09-09T01:46:40Z"}'
    import_redis 0 --pattern 't:*'
    is t "SELECT expires_at BETWEEN now() + '59 minutes' AND now() + '1 hour' AND idle_timeout <= '1 hour' FROM sm_stats('short')"
    is t "SELECT expires_at IS NULL FROM sm_stats('ever')"
    is '2001-09-09T01:46:40.000000+00:00' "SELECT DISTINCT _sm_time(created_at) FROM session_memory"
    import_redis 0 --pattern 't:*' --ttl default
    sql -c "SELECT sm_clear('short'), sm_clear('ever')" >/dev/null
    import_redis 0 --pattern 't:*' --ttl '2 hours'
    is t "SELECT expires_at BETWEEN now() + '59 minutes' AND now() + '1 hour' AND idle_timeout = '2 hours' FROM sm_stats('short')"
    is t "SELECT prune_at BETWEEN now() + '59 minutes' AND now() + '1 hour' FROM sm_session WHERE session_id = 'short'"
    sql -c "SELECT sm_touch('short')" >/dev/null
    is t "SELECT expires_at > now() + '119 minutes' FROM sm_stats('short')"
    sql -c "SELECT sm_clear('short'), sm_clear('ever')" >/dev/null
    redis rpush t:now '{"content": "x"}'
    import_redis 0 --pattern 't:now' --ttl default
    is t "SELECT ttl = '1 day' AND idle_timeout IS NULL FROM sm_stats('t:now')"
}

redis_of_frameworks() {
    need_redis || return
    redis lpush message_store:l1 \
        '{"type": "human", "data": {"content": "How warm is it?", "type": "human", "id": null, "additional_kwargs": {}}}' \
        '{"type": "ai", "data": {"content": "", "tool_calls": [{"name": "weather", "args": {"city": "Rome"}, "id": "c1", "type": "tool_call"}]}}' \
        '{"type": "tool", "data": {"content": "18", "tool_call_id": "c1", "name": "weather"}}' \
        '{"type": "ai", "data": {"content": "18 degrees", "response_metadata": {"model": "m"}}}'
    redis rpush agents:session:o1:messages '{"role": "user", "content": "Hi"}' '{"role": "assistant", "content": "Hello"}'
    redis hset agents:session:o1 session_id o1
    import_redis 0 --from langchain
    import_redis 0 --from openai-agents
    is '[{"role": "user", "content": "How warm is it?"}, {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Rome\"}"}}]}, {"name": "weather", "role": "tool", "content": "18", "tool_call_id": "c1"}, {"role": "assistant", "content": "18 degrees", "metadata": {"response_metadata": {"model": "m"}}}]' \
        "SELECT jsonb_agg(CASE WHEN e -> 'metadata' ? 'additional_kwargs' THEN e - 'metadata' ELSE e END) FROM session_history, jsonb_array_elements(history) AS e WHERE session_id = 'l1'"
    is '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]' "SELECT history FROM session_history WHERE session_id = 'o1'"
    redis lpush n:1 '{"content": "first"}' '{"content": "second"}'
    import_redis 0 --pattern 'n:*' --newest-first
    is '[{"content": "first"}, {"content": "second"}]' "SELECT history FROM session_history WHERE session_id = '1'"
}

redis_lists_that_cannot_be_taken() {
    need_redis || return
    redis rpush k:good '{"content": "x"}'
    redis rpush k: '{"content": "no id"}'
    redis rpush "k:$(printf 'x%.0s' {1..256})" '{"content": "long id"}'
    redis rpush k:nul '{"content": "a"}' '{"content": "\u0000"}'
    printf '{"content": "\xff"}' | redis -x rpush k:bytes
    printf 'a\0b' | redis -x rpush k:nulbyte
    redis rpush k:milliseconds '{"content": "x", "timestamp": 1795230362807}'
    import_redis 1 --pattern 'k:*'
    says "1 sessions with 1 messages imported, 0 were there already, 6 left out"
    for key in '"nul"' '"bytes"' '"nulbyte"' '"milliseconds"' '""' '"xxxx'; do complains "left out key $key"; done
    is good "SELECT session_id FROM sm_session"
    is 1 "SELECT count(*) FROM session_memory"
}

redis_of_many_batches() {
    need_redis || return
    redis eval 'for i = 1, 3000 do
        for j = 1, 3 do redis.call("RPUSH", "many:" .. i, cjson.encode({role = "user", content = j .. " of " .. i})) end
        redis.call("SET", "noise:" .. i, i)
    end' 0
    import_redis 0 --pattern 'many:*'
    says "3000 sessions with 9000 messages imported, 0 were there already, 0 left out, 0 other keys"
    is 't|9000' "SELECT bool_and(interaction ->> 'content' = seq || ' of ' || session_id), count(*) FROM session_memory"
}

redis_away() {
    need_redis || return
    expect 1 import-redis --socket "$scratch/nothing.sock" --pattern 'a:*'
    complains "Redis: "
    redis config set requirepass secret
    import_redis 1 --pattern 'a:*'
    complains NOAUTH
    REDISCLI_AUTH=secret redis rpush a:1 '{"content": "x"}'
    REDISCLI_AUTH=secret import_redis 0 --pattern 'a:*'
    REDISCLI_AUTH=secret expect 0 import-redis --pattern 'a:*' -- -s "$scratch/redis.sock"
    REDISCLI_AUTH=secret redis config set requirepass ''
    # A database that refuses: nothing is lost on the way, and the status says so.
    PGOPTIONS='-c default_transaction_read_only=on' import_redis 1 --pattern 'a:*'
}

# --- at a terminal -------------------------------------------------------------------------------

at_terminal() { python3 "$here/terminal.py" "$tool" "$@"; }

terminal_menu() {
    fill
    local before
    before=$(hash)
    at_terminal <<'END'
wait 4 sessions, 5 interactions
wait Your choice:
type 1
wait Ann
wait Your choice:
type 2
wait User or session:
type ann-1
wait Is there a pool?
wait Your choice:
type 3
wait Forget whom?
type ann
wait sm_session
wait (y/n)
type n
wait nothing was changed
wait Your choice:
type 3
wait Forget whom?
type it's nobody
wait nothing is known of user
wait Your choice:
type 3
wait Forget whom?
type ann
wait (y/n)
type y
wait "session-memory restore 1"
wait 2 sessions, 2 interactions
wait Your choice:
type 5
wait before sm_forget_user
wait Your choice:
type 7
wait Restore which number?
type 1
wait Only of which user?
type ann
wait Only which session?
type ann-2
wait rows added
wait 3 sessions, 3 interactions
wait Your choice:
type 7
wait Restore which number?
type 1
wait Only of which user?
type
wait Only which session?
type
wait 4 sessions, 5 interactions
wait Your choice:
type 4
wait Type YES:
type yes
wait nothing was changed
wait Your choice:
type 4
wait Type YES:
type YES
wait cleared
wait 0 sessions, 0 interactions
wait Your choice:
type 7
wait Restore which number?
type 2
wait Only of which user?
type
wait Only which session?
type
wait 4 sessions, 5 interactions
wait Your choice:
type 6
wait 3
wait Your choice:
type 8
wait health: ok
wait Your choice:
type 9
wait no "9" in the menu
wait Your choice:
type q
end 0
END
    [[ $(hash) == "$before" ]] || wrong "not the same"
}

# Whoever closes the input is not asked for ever.
menu_ends_with_its_input() {
    expect 0 </dev/null
    expect 0 <<<3
}

terminal_watches() {
    at_terminal watch 0.1 <<'END'
wait health: ok
wait health: ok
press q
end 0
END
}

terminal_shows_progress() {
    fill
    at_terminal export file.jsonl <<'END'
wait rows written to file.jsonl
end 0
END
    at_terminal import file.jsonl <<'END'
wait reading ...
wait lines
wait 0 rows added
end 0
END
    rm file.jsonl
    need_redis || return
    redis rpush p:1 '{"content": "x"}'
    at_terminal import-redis --socket "$scratch/redis.sock" --pattern 'p:*' <<'END'
wait 1 of 1 lists, 1 messages
wait 1 sessions with 1 messages imported
end 0
END
}

# --- running them --------------------------------------------------------------------------------

tests=(help_needs_no_server wrong_usage_is_status_2 says_what_it_cannot_reach connection_options statistics
    users_are_listed show_tells_of_users_and_sessions forgetting_asks forgetting_without_backup ids_are_only_ids
    clearing_and_restoring_gives_the_same backups_are_kept_and_found
    exported_and_imported_is_the_same damaged_files_are_refused large_files_come_in_parts
    redis_lists_become_sessions redis_time_to_live redis_of_frameworks redis_lists_that_cannot_be_taken
    redis_of_many_batches redis_away
    terminal_menu menu_ends_with_its_input terminal_watches terminal_shows_progress)
(($# == 0)) || tests=("$@")

echo "1..${#tests[@]}"
number=0 failed=0
for name in "${tests[@]}"; do
    ((number += 1))
    database=tool_$number
    sql -c "CREATE DATABASE $database TEMPLATE tool_template" \
        -c "ALTER DATABASE $database SET search_path = $memory, public"
    set +e
    output=$(set -e; PGDATABASE=$database; "$name" "$database" 2>&1)
    status=$?
    set -e
    sql -c "DROP DATABASE $database WITH (FORCE)"
    case $status in
        0) echo "ok $number - ${name//_/ }" ;;
        77) echo "ok $number - ${name//_/ } # SKIP $output" ;;
        *)
            echo "not ok $number - ${name//_/ }"
            echo "# ${output//$'\n'/$'\n'# }"
            ((failed += 1))
            ;;
    esac
done
((failed == 0))
