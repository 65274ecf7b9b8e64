# shellcheck shell=bash
# Moving in from Redis: lists of messages under a pattern of keys become sessions.
#
# A Lua script in Redis walks the keys (SCAN) and gives back some hundred lists at a time, a line for
# each element: key, milliseconds to live, position, element. They go into psql as COPY, and a
# function that lives as long as the connection makes sessions of them: one transaction for each
# batch, and nothing of a list that cannot be taken whole. Sessions that exist are left alone, so a
# repetition goes on where the last run was stopped. Redis is only read.

redis_usage() {
    cat <<'END'
session-memory import-redis: moves in from lists of messages in Redis

  session-memory [CONNECTION] import-redis [OPTIONS] [-- OPTIONS OF redis-cli]

--from langchain      keys message_store:ID, newest first, LangChain's messages
--from openai-agents  keys agents:session:ID:messages
--pattern 'chat:*'    which keys; a session's id is what the only * stands for,
                      otherwise the whole key
--newest-first        lists that were filled by LPUSH
--role ROLE           of elements that are not JSON objects (default user)
--ttl keep            a session lives as long as its list would have (default)
--ttl '30 minutes'    the same, and each activity renews it for so long: give
                      what your program gives EXPIRE
--ttl default         sessions live as the settings of session_memory say
--url redis://...     where Redis is; or --socket PATH; or after -- redis-cli's
                      -h, -p, -n, --tls ... (password: REDISCLI_AUTH)

Sessions that exist are left as they are, so it can be stopped and repeated.
Redis is only read. Lists that cannot be taken are named, and the status is 1.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 there is no such list.
END
}

# Arguments: cursor, pattern, number of lists wanted. The first line says: the next cursor, how many lists, how many
# other keys, how many elements; the last one is "end". It stops early where there is much to send or little to find,
# since Redis serves nobody else meanwhile. In an element what COPY would misread is escaped; a NUL
# byte, which no text may hold, becomes one that is no character either.
# shellcheck disable=SC2016  # Lua, not shell
redis_script='
local cursor, lists, others, rounds, bytes = ARGV[1], 0, 0, 0, 0
local lines, seen = {}, {}
local escapes = {["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\0"] = "\255"}
local function escaped(text) -- looking for plain characters first is faster by far
    for character in pairs(escapes) do
        if string.find(text, character, 1, true) then return (string.gsub(text, "[\\\n\r\t%z]", escapes)) end
    end
    return text
end
repeat
    local page = redis.call("SCAN", cursor, "MATCH", ARGV[2], "COUNT", 100)
    cursor, rounds = page[1], rounds + 1
    for _, key in ipairs(page[2]) do
        if not seen[key] then
            seen[key] = true
            if redis.call("TYPE", key).ok == "list" then
                local prefix = escaped(key) .. "\t" .. redis.call("PTTL", key) .. "\t"
                for position, element in ipairs(redis.call("LRANGE", key, 0, -1)) do
                    local line = prefix .. position .. "\t" .. escaped(element) .. "\n"
                    lines[#lines + 1] = line
                    bytes = bytes + #line
                end
                lists = lists + 1
            else
                others = others + 1
            end
        end
    end
until cursor == "0" or lists >= tonumber(ARGV[3]) or bytes > 8000000 or rounds >= 100
return cursor .. " " .. lists .. " " .. others .. " " .. #lines .. "\n" .. table.concat(lines) .. "end"'

redis_batch=400 # lists in a transaction, about

# What psql is told first. The connection reads what Redis holds as LATIN1, where each byte is a
# character; what it means is found out element by element, so that one that is no UTF-8 harms only
# its own list.
redis_prologue() {
    cat <<'SQL'
CREATE TEMPORARY TABLE redis_element (key text, ttl bigint, position bigint, element text);
CREATE TEMPORARY TABLE redis_key (key text PRIMARY KEY);

-- An element as an object. LangChain's {"type", "data"} becomes a message with a role.
CREATE FUNCTION pg_temp.message_of(bytes text, role text, langchain boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    element text := convert_from(convert_to(bytes, 'LATIN1'), 'UTF8');
    message jsonb;
    data    jsonb;
    called  jsonb;
BEGIN
    BEGIN
        message := element::jsonb;
    EXCEPTION WHEN invalid_text_representation THEN
        message := to_jsonb(element);
    END;
    IF jsonb_typeof(message) <> 'object' THEN
        RETURN jsonb_build_object('role', role, 'content',
                                  CASE jsonb_typeof(message) WHEN 'string' THEN message #>> '{}' ELSE element END);
    ELSIF NOT langchain OR jsonb_typeof(message -> 'data') IS DISTINCT FROM 'object' THEN
        RETURN message;
    END IF;
    data := message -> 'data';
    called := coalesce(data #> '{additional_kwargs,tool_calls}',
                       (SELECT jsonb_agg(jsonb_build_object(
                                   'id', c -> 'id', 'type', 'function',
                                   'function', jsonb_build_object('name', c -> 'name', 'arguments', (c -> 'args')::text)))
                        FROM jsonb_array_elements(CASE jsonb_typeof(data -> 'tool_calls')
                                                  WHEN 'array' THEN data -> 'tool_calls' END) AS c));
    RETURN jsonb_strip_nulls(jsonb_build_object(
               'role', CASE message ->> 'type' WHEN 'human' THEN 'user' WHEN 'ai' THEN 'assistant'
                       WHEN 'chat' THEN data ->> 'role' ELSE message ->> 'type' END,
               'name', data -> 'name', 'tool_call_id', data -> 'tool_call_id', 'tool_calls', called,
               'metadata', nullif(data - '{type,role,content,name,tool_call_id,tool_calls}'::text[], '{}')))
           || jsonb_build_object('content', data -> 'content');
END $$;

CREATE TYPE pg_temp.redis_options AS (prefix text, suffix text, whole_key boolean, newest_first boolean,
                                      role text, langchain boolean, ttl text);

-- Makes sessions of what is in redis_element, which should be so many rows.
SELECT format($create$
CREATE FUNCTION pg_temp.take(expected bigint, o pg_temp.redis_options,
                             OUT taken bigint, OUT there bigint, OUT failed bigint, OUT messages bigint)
LANGUAGE plpgsql AS $$
DECLARE
    list  record;
    id    text;
    found jsonb;
    lives interval := CASE WHEN o.ttl IN ('keep', 'default') THEN NULL ELSE o.ttl::interval END;
    ever  CONSTANT interval := '1000000 years';
BEGIN
    taken := 0; there := 0; failed := 0; messages := 0;
    IF (SELECT count(*) FROM redis_element) IS DISTINCT FROM expected THEN
        RAISE 'Redis sent less than it said';
    END IF;
    FOR list IN
        WITH fresh AS (
            INSERT INTO redis_key AS k SELECT DISTINCT e.key FROM redis_element AS e ON CONFLICT DO NOTHING RETURNING k.key)
        SELECT e.key, min(e.ttl) AS ttl, array_agg(e.element ORDER BY e.position) AS elements
        FROM redis_element AS e JOIN fresh AS f ON f.key = e.key
        GROUP BY e.key ORDER BY e.key
    LOOP
        id := list.key;
        BEGIN
            id := convert_from(convert_to(list.key, 'LATIN1'), 'UTF8');
            IF NOT o.whole_key THEN
                id := substr(id, length(o.prefix) + 1, length(id) - length(o.prefix) - length(o.suffix));
            END IF;
            PERFORM %1$I.sm_create_session(
                id,
                ttl => CASE WHEN o.ttl <> 'default' THEN ever END,
                idle_timeout => CASE WHEN o.ttl <> 'default' AND list.ttl > 0
                                     THEN coalesce(lives, list.ttl * interval '1 millisecond') END);
            found := (SELECT jsonb_agg(pg_temp.message_of(e.element, o.role, o.langchain)
                                       ORDER BY CASE WHEN o.newest_first THEN -e.position ELSE e.position END)
                      FROM unnest(list.elements) WITH ORDINALITY AS e (element, position));
            PERFORM %1$I.sm_append(id, found);
            -- As if it had last been used when Redis last renewed it.
            IF lives > list.ttl * interval '1 millisecond' AND list.ttl > 0 THEN
                UPDATE %1$I.sm_session AS s
                SET last_activity_at = s.last_activity_at - (lives - list.ttl * interval '1 millisecond'),
                    prune_at = least(s.prune_at, s.last_activity_at + list.ttl * interval '1 millisecond')
                WHERE s.session_id = id;
            END IF;
            taken := taken + 1;
            messages := messages + cardinality(list.elements);
        EXCEPTION
            WHEN unique_violation THEN
                there := there + 1;
            WHEN data_exception OR program_limit_exceeded THEN
                failed := failed + 1;
                RAISE WARNING 'left out key %%: %%', to_json(id), SQLERRM;
        END;
    END LOOP;
    TRUNCATE redis_element;
END $$
$create$, :'home') \gexec
SQL
}

# redis_batches PATTERN: a script for psql that takes it all, one batch after the other.
redis_batches() {
    local pattern=$1 cursor=0 file lists others elements header scanned=0
    file=$(mktemp)
    # shellcheck disable=SC2064  # expanded now, on purpose
    trap "rm -f '$file'" EXIT
    redis_prologue
    while :; do
        "${redis[@]}" "$redis_eval" "$redis_script" 0 "$cursor" "$pattern" "$redis_batch" >"$file" </dev/null ||
            die "Redis: $(head -n 2 "$file")"
        IFS= read -r header <"$file" || true
        [[ $header =~ ^[0-9]+\ [0-9]+\ [0-9]+\ [0-9]+$ && $(tail -n 1 "$file") == end ]] || die "Redis: $header"
        read -r cursor lists others elements <<<"$header"
        ((scanned += lists + others)) || true
        if ((elements)); then
            echo "BEGIN; COPY pg_temp.redis_element FROM STDIN (ENCODING 'LATIN1');"
            LC_ALL=C sed -e 1d -e '$d' "$file"
            echo '\.'
        else
            echo "BEGIN;"
        fi
        cat <<SQL
SELECT taken, there, failed, messages, $others FROM pg_temp.take($elements, ROW(:'prefix', :'suffix', :whole_key,
    :newest_first, :'role', :langchain, :'ttl')::pg_temp.redis_options);
COMMIT;
SQL
        [[ $cursor != 0 ]] || break
    done
}

# redis_tally TOTAL: adds up what the batches report.
redis_tally() {
    local total=$1 taken=0 there=0 failed=0 messages=0 others=0 row
    while IFS='|' read -r -a row; do
        ((taken += row[0], there += row[1], failed += row[2], messages += row[3], others += row[4])) || true
        progress "$((taken + there + failed)) of $total lists, $messages messages"
    done
    progress
    echo "$taken sessions with $messages messages imported, $there were there already, $failed left out, $others other keys"
    ((failed == 0)) || return 1
    ((taken + there)) || return 3
}

import_redis() {
    local from=${given[from]:-} pattern=${given[pattern]:-} newest_first=false langchain=false prefix='' suffix='' whole_key=true
    local ttl=${given[ttl]:-keep} total='' answer status=()
    case $from in
        '') ;;
        langchain)
            pattern=${pattern:-message_store:*}
            newest_first=true
            langchain=true
            ;;
        openai-agents) pattern=${pattern:-agents:session:*:messages} ;;
        *) wrong_usage "--from is langchain or openai-agents, not \"$from\"" ;;
    esac
    [[ -n $pattern ]] || wrong_usage "import-redis needs --pattern or --from"
    [[ -z ${given[newest-first]:-} ]] || newest_first=true
    # The one * of a pattern without other wild cards stands for the session's id, together with
    # letters and digits beside it: under chat:1* the key chat:12 is the session 12, not 2.
    if [[ $pattern =~ ^([^]*?[\\]*)\*([^]*?[\\]*)$ ]]; then
        prefix=${BASH_REMATCH[1]} suffix=${BASH_REMATCH[2]} whole_key=false
        while [[ $prefix == *[[:alnum:]] ]]; do prefix=${prefix%?}; done
        while [[ $suffix == [[:alnum:]]* ]]; do suffix=${suffix#?}; done
    fi
    if [[ $ttl != keep && $ttl != default ]]; then
        answer=$(value "SELECT :'ttl'::interval > '0'" -v ttl="$ttl" 2>/dev/null) || true
        [[ $answer == t ]] || wrong_usage "--ttl is keep, default or an interval like '30 minutes', not \"$ttl\""
    fi

    command -v redis-cli >/dev/null || die "redis-cli is not there; Debian has it in the package redis-tools"
    redis=(redis-cli --raw)
    [[ -z ${given[url]:-} ]] || redis+=(-u "${given[url]}")
    [[ -z ${given[socket]:-} ]] || redis+=(-s "${given[socket]}")
    redis+=("$@")
    # EVAL_RO (since Redis 7) cannot write, whatever the script says.
    redis_eval=EVAL_RO
    answer=$("${redis[@]}" EVAL_RO 'return 1' 0 2>&1 </dev/null) || true
    if [[ $answer == *"unknown command"* ]]; then
        redis_eval=EVAL
        answer=$("${redis[@]}" EVAL 'return 1' 0 2>&1 </dev/null) || true
    fi
    [[ $answer == *1 && $answer != *[Ee][Rr][Rr]* ]] || die "Redis: $answer"
    if [[ -t 2 ]]; then
        progress "counting ..."
        total=$("${redis[@]}" --scan --pattern "$pattern" </dev/null | wc -l)
    fi

    set +e
    redis_batches "$pattern" |
        run_psql -A -t -v prefix="$prefix" -v suffix="$suffix" -v whole_key="$whole_key" \
            -v newest_first="$newest_first" -v langchain="$langchain" -v role="${given[role]:-user}" -v ttl="$ttl" |
        redis_tally "${total:-0}"
    status=("${PIPESTATUS[@]}")
    set -e
    ((status[0] == 0 && status[1] == 0)) || die "stopped; what was imported stays, and a repetition goes on from there"
    return "${status[2]}"
}
