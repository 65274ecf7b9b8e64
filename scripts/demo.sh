#!/usr/bin/env bash
# Shows the extension at work on a private server, which stays for a look around: a new run replaces
# it, `scripts/server.sh stop` removes it.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

plain_psql=$(command -v psql || true)
scripts/deps.sh demo
use_postgres
dir=$(server_dir demo)
keep=''
clean_up() { [[ -n $keep ]] || server_remove "$dir"; }
at_exit clean_up

if [[ -t 1 ]]; then bold=$'\e[1m' dim=$'\e[2m' normal=$'\e[0m'; else bold='' dim='' normal=''; fi
heading() { printf '\n%s%s%s\n' "$bold" "$*" "$normal"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$normal"; }

query() { psql -d demo -qXAt -v ON_ERROR_STOP=1 "$@"; }

# Shows a statement and its result: show STATEMENT [psql's options …]
show() {
    local statement=$1 output
    shift
    note "  demo=# ${statement//$'\n'/$'\n'  }"
    output=$(psql -d demo -qX -v ON_ERROR_STOP=1 -P border=1 -P linestyle=unicode -P footer=off "$@" -c "$statement")
    sed 's/^/  /; s/ *$//' <<<"$output"
}

heading "Building, installing, and starting a server of its own"
build
install_extension
server_remove "$dir"
server_start "$dir" "shared_preload_libraries = 'session_memory'" "session_memory.nap_time = 1s" "fsync = on"
export PGHOST=$dir
psql -d postgres -qXc "CREATE DATABASE demo"
show "CREATE EXTENSION session_memory;"

heading "Replaying conversations"
sources=(test/conversations/conversations.jsonl)
dialogues=${SM_DIALOGUES:-../shared/data/dialogues.jsonl.gz}
[[ ! -r $dialogues ]] || sources+=("$dialogues")
gzip -dcf "${sources[@]}" | query -f test/conversations/load.sql
started=$(date +%s%N)
query -f test/conversations/add.sql
elapsed=$(($(date +%s%N) - started))
note "  $(query -c "SELECT format('%s interactions of %s conversations in %s ms, %s µs each',
    count(*), count(DISTINCT session_id), $elapsed / 1000000, $elapsed / 1000 / count(*)) FROM source")"

heading "An exchange is added. Its position in the session comes back"
show "SELECT sm_add('room-service', 'Is the pool open tonight?', 'Yes, until ten. Towels are at the desk.',
              metadata => '{\"intent\": \"ask_hours\", \"confidence\": 0.94, \"sources\": [\"kb-pool\"]}',
              user_id => 'guest-2041');"
query -o /dev/null -c "SELECT sm_add('room-service', 'Can I bring my daughter? She is six.',
    'Of course. The small pool is warm, and children are welcome until eight.', '{\"intent\": \"ask_rules\"}')"

heading "What the language model needs to see next: the newest two, oldest first"
show "SELECT jsonb_pretty(sm_context('room-service', 2)::jsonb);" -At

heading "Ready for a chat-completion call"
show "SELECT jsonb_pretty(sm_messages('room-service', 1)::jsonb);" -At

heading "A search in the metadata of all conversations: which answers used this source?"
show "SELECT session_id, seq, interaction->>'query' AS query
  FROM sm_find('{\"metadata\": {\"sources\": [\"kb-1311\"]}}', max_results => 4);"

heading "One session"
show "SELECT * FROM sm_stats('hotel-lisbon-weekend');" -x

heading "Interactions expire, and the background worker removes them"
note "  A thousand interactions of a day ago, with three seconds left to live:"
show "SELECT count(sm_add('yesterday-' || n % 50, 'How late is it?', 'Late.',
                    created_at => now() - interval '1 day' + interval '3 seconds'))
  FROM generate_series(1, 1000) AS n;"
look="SELECT json_array_length(sm_context('yesterday-1', 1000)) AS visible,
       (SELECT count(*) FROM session_memory WHERE session_id LIKE 'yesterday-%') AS stored,
       expired_not_removed, removed_total FROM sm_stats();"
show "$look"
for ((i = 0; i < 60; i++)); do
    sleep 0.25
    [[ $(query -c "SELECT count(*) FROM session_memory WHERE session_id LIKE 'yesterday-%'") != 0 ]] || break
done
note "  … $((i / 4 + 1)) seconds later:"
show "$look"
[[ $(query -c "SELECT count(*) FROM session_memory WHERE session_id LIKE 'yesterday-%'") == 0 ]] ||
    die "the background worker has not removed what expired; see $dir/server.log"

heading "The whole memory"
show "SELECT * FROM sm_stats();" -x

keep=yes
heading "The server is still running"
echo "  look around:  ${plain_psql:-$bindir/psql} -h $dir -p $PGPORT -U postgres demo" | sed 's|/usr/bin/psql|psql|'
echo "  stop it:      scripts/server.sh stop $dir"
