#!/usr/bin/env bash
# A private throw-away PostgreSQL server, reachable by its unix socket only.
#
#   server.sh start [NAME|FOLDER] [line of postgresql.conf …]   prints its folder
#   server.sh psql NAME|FOLDER [psql's arguments …]
#   server.sh status NAME|FOLDER
#   server.sh stop NAME|FOLDER                                  removes it with its data
#
# A bare NAME stands for a folder in the temporary folder. Without one, start makes a new folder.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_postgres

verb=${1:-}
if [[ $verb == start && -z ${2:-} ]]; then
    dir=$(new_work_dir)
elif [[ -n ${2:-} ]]; then
    dir=$(server_dir "$2")
else
    sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
shift $(($# < 2 ? $# : 2))

case $verb in
    start)
        ! server_running "$dir" || die "a server is running in $dir already"
        clean_up() { server_remove "$dir"; }
        at_exit clean_up
        server_start "$dir" "$@"
        trap - EXIT
        echo "$dir"
        ;;
    psql) exec psql -h "$dir" "$@" ;;
    status)
        server_running "$dir" || die "no server is running in $dir"
        echo "a server is running in $dir"
        ;;
    stop)
        [[ -d $dir/data ]] || die "there is no server in $dir"
        server_remove "$dir"
        ;;
    *) die "server.sh: start, psql, status or stop, not $verb" ;;
esac
