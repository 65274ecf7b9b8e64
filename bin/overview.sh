# shellcheck shell=bash
# Statistics, once or again and again.

statistics() {
    if [[ -n ${given[csv]:-} ]]; then
        table 'SELECT * FROM :"home".sm_stats()'
        return
    fi
    table 'SELECT * FROM :"home".sm_stats()' -x
    health
}

health() {
    value "SELECT 'health: ' || (h.health ->> 'status')
               || coalesce(', ' || (SELECT string_agg(r, '; ') FROM jsonb_array_elements_text(h.health -> 'reasons') AS r), '')
           FROM (SELECT :\"home\".sm_health()) AS h (health)"
}

# watch [SECONDS]: until q or Ctrl-C, or --count times.
watch() {
    local pause=${1:-2} frames=${given[count]:--1} frame key=''
    [[ $pause =~ ^[0-9]{1,6}(\.[0-9]{1,3})?$ ]] || wrong_usage "SECONDS is a number, not \"$pause\""
    [[ -z ${given[count]:-} ]] || is_number "$frames" "--count"
    while ((frames != 0)); do
        # An error is shown, too, and the next turn may do better.
        frame=$(overview 2>&1) || true
        if [[ -t 1 ]]; then printf '\033[H\033[2J%s\n' "$frame"; else echo "$frame"; fi
        ((frames -= 1)) || true
        ((frames != 0)) || break
        if [[ -t 0 ]]; then
            read -r -s -n 1 -t "$pause" key || true
            [[ $key != [qQ] ]] || break
        else
            sleep "$pause"
        fi
    done
}

overview() {
    value "SELECT format('%s  %s  (q quits)', to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS'), current_database())"
    echo
    table 'SELECT * FROM :"home".sm_stats()' -x || return
    health
    echo
    echo "last active, of those of the last hour:"
    table "SELECT s.session_id, s.user_id, s.interactions, s.last_activity_at::timestamptz(0), s.ended_at::timestamptz(0)
           FROM :\"home\".sm_sessions(active_within => '1 hour', page_size => 2147483647) AS s
           ORDER BY s.last_activity_at DESC, s.session_id LIMIT 10"
}
