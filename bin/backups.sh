# shellcheck shell=bash
# Backups inside the database.

back_up() {
    local id
    progress "backing up ..."
    id=$(value "SELECT :\"home\".sm_backup(nullif(:'reason', ''), nullif(:'user', ''))" \
        -v reason="${given[reason]:-}" -v user="${1:-}") || {
        progress
        exit 1
    }
    progress
    echo "$id"
}

list_backups() {
    table "SELECT b.backup_id, b.created_at::timestamptz(0), b.reason, b.user_id, b.bytes FROM :\"home\".sm_backups() AS b ORDER BY b.backup_id"
}

# Backups by their number; another one is not found.
check_backup() {
    [[ -n $(value "SELECT 1 FROM :\"home\".sm_backups() AS b WHERE b.backup_id = :'id'::bigint" -v id="$1") ]] ||
        not_found "there is no backup $1; \"session-memory backups\" lists them"
}

restore() {
    local id=$1 outcome
    check_backup "$id"
    progress "restoring ..."
    outcome=$(value "SELECT :\"home\".sm_restore(:'id'::bigint, nullif(:'user', ''), nullif(:'session', ''))" \
        -v id="$id" -v user="${given[user]:-}" -v session="${given[session]:-}") || {
        progress
        exit 1
    }
    progress
    tell_merged "$outcome"
}

# What restoring or importing came to.
tell_merged() {
    value "SELECT format('%s rows added, %s were there already, %s differ and were left as they are',
                         o.outcome ->> 'added', o.outcome ->> 'unchanged', o.outcome ->> 'different')
           FROM (SELECT :'outcome'::jsonb) AS o (outcome);
           SELECT d.what || ' that differs: ' || d.id::text
           FROM (SELECT 'session', jsonb_array_elements(:'outcome'::jsonb -> 'different_sessions')
                 UNION ALL SELECT 'user', jsonb_array_elements(:'outcome'::jsonb -> 'different_users')) AS d (what, id)" \
        -v outcome="$1"
}

delete_backup() {
    check_backup "$1"
    agreed "Remove backup $1? (y/n)" || declined
    value "SELECT :\"home\".sm_delete_backup(:'id'::bigint)" -v id="$1" >/dev/null
    echo "removed"
}
