# shellcheck shell=bash
# Users and sessions: who there is, what there is of one, and how they go.

list_users() {
    [[ -z ${given[limit]:-} ]] || is_number "${given[limit]}" "--limit"
    table "SELECT u.user_id, u.name, u.sessions, u.interactions, u.bytes, u.first_seen_at, u.last_seen_at
           FROM :\"home\".sm_users(nullif(:'after', ''), :limit) AS u" \
        -v after="${given[after]:-}" -v limit="${given[limit]:-2147483647}"
}

# counts FUNCTION'S RESULT: the tables in which there is something
counts() {
    table "SELECT c.key AS \"table\", c.value::text::bigint AS rows
           FROM jsonb_each(:'outcome'::jsonb -> 'tables') AS c WHERE c.value <> '0' ORDER BY c.key" -v outcome="$1"
}

# field JSON KEY: as text; empty where it is null
field() { value "SELECT :'json'::jsonb ->> :'key'" -v json="$1" -v key="$2"; }

# What forgetting a user would remove; empty where that is nothing.
known_of() {
    value "SELECT f.outcome FROM (SELECT :\"home\".sm_forget_user(:'user')) AS f (outcome)
           WHERE EXISTS (SELECT FROM jsonb_each(f.outcome -> 'tables') AS c WHERE c.value <> '0')" -v user="$1"
}

show() {
    local id=$1 known there=''
    known=$(known_of "$id")
    if [[ -n $known ]]; then
        there=yes
        show_user "$id" "$known"
    fi
    if [[ -n $(value "SELECT 1 FROM :\"home\".sm_stats(:'id')" -v id="$id") ]]; then
        there=yes
        show_session "$id"
    fi
    [[ -n $there ]] || not_found "there is no user and no living session ${id@Q}"
}

show_user() {
    echo "user ${1@Q}"
    counts "$2"
    value "SELECT jsonb_pretty(:\"home\".sm_profile(:'id'))" -v id="$1"
    table "SELECT s.session_id, s.interactions, s.created_at, s.last_activity_at, s.ended_at
           FROM :\"home\".sm_sessions(:'id') AS s" -v id="$1"
}

show_session() {
    echo "session ${1@Q}"
    table "SELECT * FROM :\"home\".sm_stats(:'id')" -x -v id="$1"
    echo "its newest interactions:"
    table "SELECT h.seq, h.created_at, h.interaction FROM :\"home\".sm_history(:'id', page_size => 10) AS h ORDER BY h.seq" \
        -v id="$1"
}

forget() {
    local user=$1 known keep=true outcome backup
    known=$(known_of "$user")
    if [[ -n ${given[no-backup]:-} ]]; then
        keep=false
    elif [[ -z $known ]]; then
        not_found "nothing is known of user ${user@Q}"
    fi
    {
        echo "user ${user@Q}"
        if [[ -n $known ]]; then counts "$known"; else echo "nothing, but for earlier backups, perhaps"; fi
        if [[ $keep == true ]]; then
            agreed "Forget all of this, after a backup? (y/n)" || declined
        else
            agreed "Erase all of this, also from earlier backups? It cannot be undone. (y/n)" || declined
        fi
    } >&2
    outcome=$(value "SELECT :\"home\".sm_forget_user(:'user', :'user', :keep)" -v user="$user" -v keep=$keep)
    backup=$(field "$outcome" backup_id)
    if [[ -n $backup ]]; then
        echo "forgotten; \"session-memory restore $backup\" would bring it back"
    elif [[ -z $known && $(field "$outcome" backups_changed) == 0 ]]; then
        not_found "nothing is known of user ${user@Q}"
    else
        echo "erased, also from $(field "$outcome" backups_changed) earlier backups"
    fi
}

clear_all() {
    local known outcome backup
    known=$(value 'SELECT :"home".sm_clear_all()')
    {
        counts "$known"
        agreed "Remove all of this, after a backup? Type YES:" YES || declined
    } >&2
    outcome=$(value "SELECT :\"home\".sm_clear_all('YES')")
    backup=$(field "$outcome" backup_id)
    if [[ -n $backup ]]; then
        echo "cleared; \"session-memory restore $backup\" would bring it back"
    else
        echo "there was nothing to remove"
    fi
}
