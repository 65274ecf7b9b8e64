#!/usr/bin/env bash
# Adds the conversations of this folder, and the dialogues where they are (SM_DIALOGUES names the
# file), to a fresh database of the server that PGHOST names, and compares. Prints TAP.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
dialogues=${SM_DIALOGUES:-$here/../../../shared/data/dialogues.jsonl.gz}
sources=("$here/conversations.jsonl")
if [[ -r $dialogues ]]; then
    sources+=("$dialogues")
else
    echo "skipped: no dialogues"
fi

psql -qXc "CREATE DATABASE replay" -d postgres
export PGDATABASE=replay
psql -qXc "CREATE EXTENSION session_memory"
gzip -dcf "${sources[@]}" | psql -qX -f "$here/load.sql"
psql -qX -f "$here/add.sql"
psql -qX -f "$here/replay.sql" -f "$here/sessions.sql" -f "$here/users.sql" -f "$here/result.sql"
