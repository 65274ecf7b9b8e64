# shellcheck shell=bash
# The menu: the same commands, for people who would rather be asked.

menu() {
    local choice id user session
    while :; do
        echo
        headline
        cat <<'END'

  1  users                  5  backups
  2  show a user, session   6  back up everything
  3  forget a user          7  restore a backup
  4  clear all              8  statistics
  q  quit
END
        ask "Your choice:" choice || return 0
        case $choice in
            1) again users ;;
            2) ! ask "User or session:" id || again show -- "$id" ;;
            3) ! ask "Forget whom?" user || again forget -- "$user" ;;
            4) again clear-all ;;
            5) again backups ;;
            6) again backup --reason "from the menu" ;;
            7)
                again backups
                ask "Restore which number?" id || continue
                ask "Only of which user? (Enter: of all)" user || true
                ask "Only which session? (Enter: all)" session || true
                again restore --user "$user" --session "$session" -- "$id"
                ;;
            8) again stats ;;
            q | Q | quit) return 0 ;;
            '') ;;
            *) echo "There is no \"$choice\" in the menu." ;;
        esac
    done
}

headline() {
    value "SELECT format('Session memory of database \"%s\": %s sessions, %s interactions, %s',
                         current_database(), s.sessions, s.interactions, pg_size_pretty(s.bytes))
           FROM :\"home\".sm_stats() AS s"
}

# ask QUESTION VARIABLE: false where the answer is empty, or there is none.
ask() {
    local -n answer=$2
    printf '%s ' "$1"
    answer=''
    if ! IFS= read -r answer; then
        echo
        [[ $2 != choice ]] || return 1
    fi
    [[ -n $answer || $2 == choice ]]
}

# A command as a program of its own: if it fails, the menu goes on.
again() {
    echo
    "$BASH" "$self" "${connection[@]}" "$@" || true
}
