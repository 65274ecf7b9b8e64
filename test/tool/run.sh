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

# A memory in a schema with a name that wants quoting.
sql -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS tool_template" -c "CREATE DATABASE tool_template"
sql -d tool_template -c 'CREATE SCHEMA "My memory"' -c 'CREATE EXTENSION session_memory SCHEMA "My memory"'

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

terminal_watches() {
    at_terminal watch 0.1 <<'END'
wait health: ok
wait health: ok
press q
end 0
END
}

terminal_shows_progress() {
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
    redis_lists_become_sessions redis_time_to_live redis_of_frameworks redis_lists_that_cannot_be_taken
    redis_of_many_batches redis_away
    terminal_watches terminal_shows_progress)
(($# == 0)) || tests=("$@")

echo "1..${#tests[@]}"
number=0 failed=0
for name in "${tests[@]}"; do
    ((number += 1))
    database=tool_$number
    sql -c "CREATE DATABASE $database TEMPLATE tool_template" \
        -c "ALTER DATABASE $database SET search_path = \"My memory\", public"
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
