# shellcheck shell=bash
# Users and sessions: who there is, what there is of one, and how they go.

list_users() {
    [[ -z ${given[limit]:-} ]] || is_number "${given[limit]}" "--limit"
    table "SELECT u.user_id, u.name, u.sessions, u.interactions, u.bytes, u.first_seen_at::timestamptz(0), u.last_seen_at::timestamptz(0)
           FROM :\"home\".sm_users(nullif(:'after', ''), :limit) AS u" \
        -v after="${given[after]:-}" -v limit="${given[limit]:-2147483647}"
}

# The tables in which there is something, of what sm_forget_user or sm_clear_all gave.
counts="SELECT c.key AS \"table\", c.value::text::bigint AS rows
        FROM jsonb_each(:'outcome'::jsonb -> 'tables') AS c WHERE c.value <> '0' ORDER BY c.key;"

# What forgetting a user would remove; empty where that is nothing.
known_of() {
    value "SELECT f.outcome FROM (SELECT :\"home\".sm_forget_user(:'user')) AS f (outcome)
           WHERE EXISTS (SELECT FROM jsonb_each(f.outcome -> 'tables') AS c WHERE c.value <> '0')" -v user="$1"
}

show() {
    local id=$1 known session
    known=$(known_of "$id")
    session=$(value "SELECT 1 FROM :\"home\".sm_stats(:'id')" -v id="$id")
    [[ -n $known$session ]] || not_found "there is no user and no living session ${id@Q}"
    [[ -z $known ]] || show_user "$id" "$known"
    [[ -z $session ]] || show_session "$id"
}

show_user() {
    echo "user ${1@Q}"
    table "$counts
           SELECT jsonb_pretty(:\"home\".sm_profile(:'id')) AS profile;
           SELECT s.session_id, s.interactions, s.created_at::timestamptz(0), s.last_activity_at::timestamptz(0),
                  s.ended_at::timestamptz(0)
           FROM :\"home\".sm_sessions(:'id') AS s" -v id="$1" -v outcome="$2"
}

show_session() {
    echo "session ${1@Q}"
    table "\\x on
           SELECT * FROM :\"home\".sm_stats(:'id');
           \\x off
           SELECT h.seq, h.created_at::timestamptz(0), h.interaction
           FROM :\"home\".sm_history(:'id', page_size => 10) AS h ORDER BY h.seq" -v id="$1"
}

forget() {
    local user=$1 known keep=true outcome backup backups
    known=$(known_of "$user")
    if [[ -n ${given[no-backup]:-} ]]; then
        keep=false
    elif [[ -z $known ]]; then
        not_found "nothing is known of user ${user@Q}"
    fi
    {
        echo "user ${user@Q}"
        if [[ -n $known ]]; then table "$counts" -v outcome="$known"; else echo "nothing, but for earlier backups, perhaps"; fi
        if [[ $keep == true ]]; then
            agreed "Forget all of this, after a backup? (y/n)" || declined
        else
            agreed "Erase all of this, also from earlier backups? It cannot be undone. (y/n)" || declined
        fi
    } >&2
    outcome=$(value "SELECT f.outcome ->> 'backup_id', f.outcome ->> 'backups_changed'
                     FROM (SELECT :\"home\".sm_forget_user(:'user', :'user', :keep)) AS f (outcome)" -v user="$user" -v keep=$keep)
    IFS='|' read -r backup backups <<<"$outcome"
    if [[ -n $backup ]]; then
        echo "forgotten; \"session-memory restore $backup\" would bring it back"
    elif [[ -z $known && $backups == 0 ]]; then
        not_found "nothing is known of user ${user@Q}"
    else
        echo "erased, also from $backups earlier backups"
    fi
}

clear_all() {
    local known backup
    known=$(value 'SELECT :"home".sm_clear_all()')
    {
        table "$counts" -v outcome="$known"
        agreed "Remove all of this, after a backup? Type YES:" YES || declined
    } >&2
    backup=$(value "SELECT :\"home\".sm_clear_all('YES') ->> 'backup_id'")
    if [[ -n $backup ]]; then
        echo "cleared; \"session-memory restore $backup\" would bring it back"
    else
        echo "there was nothing to remove"
    fi
}
