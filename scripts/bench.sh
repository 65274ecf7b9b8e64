#!/usr/bin/env bash
# The benchmark: session_memory side by side with its peers, in one run on one machine.
#
#   bench.sh [EXPERIMENT …]     peers history table janitor snapshot disk bulk; all by default
#
#   QUICK=1             three minutes that show that everything works; the numbers are no result
#   FULL=1              ten million rows and more rounds; needs hours and 40 GB of disk
#   NO_INSTALL=1        takes the extension as it is installed
#   PEERS_ONLY=1        without the extension
#
# Starts a PostgreSQL and two Redis servers of its own, on unix sockets in a folder of their own,
# and removes all of it at the end. Results go to test/bench/results.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

experiments=(peers history table janitor snapshot disk bulk)
if (($#)); then
    for name; do [[ " ${experiments[*]} " == *" $name "* ]] || die "no experiment $name; there are: ${experiments[*]}"; done
    experiments=("$@")
fi

# Seconds for one experiment, and for all of them.
scale=normal limit=3600 total=21600
[[ ${FULL:-0} == 0 ]] || { scale=full limit=36000 total=86400; }
[[ ${QUICK:-0} == 0 ]] || { scale=quick limit=165 total=165; }

work='' driver_pid=''
redis_names=(everysec always)

redis_stop() {
    local pid
    pid=$(cat "$work/$1/redis.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || return 0
    timeout 10 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
}

clean_up() {
    if [[ -n $driver_pid ]]; then
        kill "$driver_pid" 2>/dev/null || true
        wait "$driver_pid" 2>/dev/null || true
    fi
    [[ -n $work ]] || return 0
    local name
    for name in "${redis_names[@]}"; do redis_stop "$name"; done
    server_remove "$work"
}
at_exit clean_up

# Waits for a command in the background, so that a signal ends the script at once.
run() {
    local status=0
    "$@" &
    driver_pid=$!
    wait "$driver_pid" || status=$?
    driver_pid=''
    return "$status"
}

# --- servers -------------------------------------------------------------------------------------

# A quarter of the memory, 2 GB at most. All else is the stock configuration.
shared_buffers() {
    local quarter
    quarter=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 4096))
    echo "$((quarter < 2048 ? quarter : 2048))MB"
}

# No rewriting of the log and no snapshots to disk while others are measured: in Redis's favour.
redis_start() {
    local dir=$work/$1
    as_server_user mkdir -m 700 "$dir"
    as_server_user tee "$dir/redis.conf" >/dev/null <<CONF
port 0
unixsocket $dir/redis.sock
unixsocketperm 700
pidfile $dir/redis.pid
dir $dir
logfile $dir/redis.log
save ""
appendonly yes
appendfsync $1
auto-aof-rewrite-percentage 0
CONF
    as_server_user timeout --kill-after=10 "$total" redis-server "$dir/redis.conf" >/dev/null 2>&1 &
    local tries
    for tries in {1..100}; do
        [[ $(redis-cli -s "$dir/redis.sock" ping 2>/dev/null) != PONG ]] || return 0
        sleep 0.1
    done
    die "redis-server did not start ($tries tries): $(tail -n 5 "$dir/redis.log")"
}

# --- what machine this is ------------------------------------------------------------------------

machine_facts() {
    local model
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    echo "| | |"
    echo "|---|---|"
    echo "| date | $(date -u +%Y-%m-%d) |"
    echo "| processor | ${model:-$(uname -m)}, $(nproc) cores |"
    echo "| memory | $(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1048576)) GiB |"
    echo "| file system | $(df --output=fstype "$work" | tail -n 1) |"
    echo "| kernel | $(uname -sr) |"
    echo "| PostgreSQL | $(psql -h "$work/postgres" -d postgres -XAtc 'SHOW server_version') |"
    echo "| its settings | stock, shared_buffers $(shared_buffers) |"
    echo "| Redis | $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/'), AOF, no snapshots, no rewriting of the log |"
    echo "| session_memory | $(sed -n "s/^default_version = '\(.*\)'/\1/p" "$root/session_memory.control") |"
    echo "| run | $scale, ended after $((SECONDS / 60)) minutes |"
}

write_results() {
    local csv=$1 out=$root/test/bench/results
    [[ $scale != quick ]] || out=$out/quick
    mkdir -p "$out" "$work/plots"
    "$driver" --csv "$csv" missing
    cp "$csv" "$out/latest.csv"
    "$driver" --csv "$csv" plotdata "$work/plots"
    gnuplot -e "data='$work/plots'; out='$out'" "$root/test/bench/plots.gp"
    {
        echo "# Benchmark"
        echo
        if [[ $scale == quick ]]; then
            echo "A quick run: it shows that everything works, its numbers are no result."
            echo
        fi
        machine_facts
        echo
        "$driver" --csv "$csv" markdown
    } >"$out/latest.md"
    cat "$out/latest.md"
    echo
    echo "written to $out"
}

# --- the run -------------------------------------------------------------------------------------

cd "$root"
scripts/deps.sh check bench  # the driver is built with what the tests are built with
use_postgres
if [[ -z ${NO_INSTALL:-}${PEERS_ONLY:-} ]]; then
    build
    install_extension
fi
driver=$root/build/bench/bench_driver
cmake -S test/bench -B build/bench >/dev/null
run cmake --build build/bench -j "$(nproc)" >/dev/null

work=$(new_work_dir)
[[ $scale != full ]] || (($(df --output=avail -BG "$work" | tail -n 1 | tr -dc 0-9) >= 40)) ||
    die "FULL=1 needs 40 GB in $work; TMPDIR says where"
server_start "$work/postgres" "fsync = on" "shared_buffers = $(shared_buffers)"
for name in "${redis_names[@]}"; do redis_start "$name"; done

csv=$work/latest.csv
failed=()
for name in "${experiments[@]}"; do
    left=$((total - SECONDS))
    ((left > 5)) || { failed+=("$name (no time left)"); continue; }
    run timeout --kill-after=10 "$((left < limit ? left : limit))" "$driver" \
        --postgres "host=$work/postgres port=$PGPORT user=$PGUSER" \
        --redis-everysec "$work/everysec/redis.sock" --redis-always "$work/always/redis.sock" \
        --scale "$scale" --csv "$csv" ${PEERS_ONLY:+--without-extension} "$name" || failed+=("$name")
done
write_results "$csv"
((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
