#!/usr/bin/env bash
# Every test of the project, or only the suites that are named: check.sh [SUITE …]
#
# A suite is a function below that runs one test tool. What the tools print (TAP, pg_regress,
# GoogleTest) is counted case by case; a suite that fails without a failed case, or without any
# case, counts as one failure. A function returns 77 after saying why its suite is left out.
# The last line is "N passed, M failed"; the exit status is 0 when N > 0 and M = 0.
#
#   SM_LONG=1   the tests of the promises at full strength, and the suite hostile: an hour and a half or so

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

suites=(lint unit regress_sql regress_direct isolation_sql isolation_direct integration reliability tap conversations tool docs)
[[ ${SM_LONG:-0} == 0 ]] || suites+=(hostile)
if (($#)); then
    for name; do [[ " ${suites[*]} " == *" $name "* ]] || die "no suite $name; there are: ${suites[*]}"; done
    suites=("$@")
fi

verdict="0 passed, 1 failed" work='' builder=''
clean_up() {
    [[ -z $builder ]] || kill -- "-$builder" 2>/dev/null || true
    [[ -z $work ]] || server_remove "$work"
    echo "$verdict"
}
at_exit clean_up

cd "$root"
scripts/deps.sh check
[[ " ${suites[*]} " != *" hostile "* ]] || scripts/deps.sh hostile
use_postgres
work=$(new_work_dir)
export TMPDIR=$work

pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")
# A test that hangs is a test that fails. In the foreground, so that Ctrl-C reaches it.
limited=(timeout --foreground --kill-after=10 "$([[ ${SM_LONG:-0} == 0 ]] && echo 1200 || echo 7200)")

# --- servers: with and without the module in shared_preload_libraries ----------------------------

plain=$work/plain
preloaded=$work/preloaded

# start_plain [FOLDER], start_preloaded [FOLDER]
start_plain() { start "${1:-$plain}"; }
start_preloaded() {
    start "${1:-$preloaded}" "shared_preload_libraries = 'session_memory'" "session_memory.nap_time = 1s"
}
start() {
    server_running "$1" || server_start "$1" "max_prepared_transactions = 10" "${@:2}"
}

# --- the suites ----------------------------------------------------------------------------------

suite_lint() { scripts/lint.sh; }

suite_unit() {
    cmake -S . -B build/unit -DSM_SANITIZE=ON >/dev/null
    cmake --build build/unit --target unit_tests -j "$(nproc)" >/dev/null
    "${limited[@]}" build/unit/unit_tests
}

# Both access paths must give the same, so they have one expected output.
suite_regress_sql() { regress sql; }
suite_regress_direct() { regress direct; }
regress() {
    local tests=(sql/*.sql)
    tests=("${tests[@]##*/}")
    start_plain
    PGHOST=$plain PGOPTIONS="-c session_memory.access_path=$1" \
        "${limited[@]}" "$pgxs/../test/regress/pg_regress" --bindir="$bindir" --dbname=regression \
        --inputdir=. --outputdir="$work/regress_$1" "${tests[@]%.sql}"
}

suite_isolation_sql() { isolation sql; }
suite_isolation_direct() { isolation direct; }
isolation() {
    local specs=(test/isolation/specs/*.spec)
    specs=("${specs[@]##*/}")
    start_plain
    PGHOST=$plain PGOPTIONS="-c session_memory.access_path=$1" \
        "${limited[@]}" "$pgxs/../test/isolation/pg_isolation_regress" --bindir="$bindir" \
        --dbname=isolation --inputdir=test/isolation --outputdir="$work/isolation_$1" \
        "${specs[@]%.spec}"
}

# A module that can be told to fail half-way (src/pg/fault.hpp), for the tests of that.
build_faults() {
    [[ ! -e $work/faults/session_memory.so ]] || return 0
    mkdir -p "$work/faults"
    cp -r Makefile session_memory.control src sql "$work/faults"
    find "$work/faults" -name '*.o' -delete
    make -s -j "$(nproc)" -C "$work/faults" session_memory.so SM_CXXFLAGS=-DSM_FAULTS
    chmod -R a+rX "$work/faults"
}

build_server_tests() {
    build_faults
    cmake -S . -B build/integration >/dev/null
    cmake --build build/integration --target integration_tests reliability_tests -j "$(nproc)" >/dev/null
}

# Building them takes minutes, and most suites before them leave a processor idle.
build_ahead() {
    case " ${suites[*]} " in *" integration "* | *" reliability "*) ;; *) return 0 ;; esac
    set -m # a process group of its own, to be killed as one
    build_server_tests >"$work/build.log" 2>&1 </dev/null &
    builder=$!
    set +m
}

# What went wrong then is found again by the suite.
await_build() {
    [[ -z $builder ]] || wait "$builder" || true
    builder=''
}

# Most of its tests wait for one backend or for the janitor. So they run as two halves, at the same
# time and each with servers of its own: what one does to a whole server, no other test meets.
suite_integration() {
    build_server_tests
    local half halves=() status=0
    for half in 0 1; do
        integration_half "$half" >"$work/integration.$half.log" 2>&1 &
        halves+=($!)
    done
    for half in "${halves[@]}"; do wait "$half" || status=$?; done
    cat "$work"/integration.?.log
    return "$status"
}
integration_half() {
    start_plain "$plain$1"
    start_preloaded "$preloaded$1"
    PGHOST=$plain$1 SM_PRELOAD_PGHOST=$preloaded$1 SM_FAULTS_MODULE=$work/faults/session_memory.so \
        GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$1 "${limited[@]}" build/integration/integration_tests
}

suite_reliability() {
    build_server_tests
    start_plain
    start_preloaded
    PGHOST=$plain SM_PRELOAD_PGHOST=$preloaded "${limited[@]}" build/integration/reliability_tests
}

# These tests make their own servers, so they run as the server's user, who need not see this tree.
suite_tap() {
    local tap=$work/tap
    as_server_user mkdir -p "$tap"
    cp -r test/t "$tap"
    chmod -R a+rX "$tap/t"
    as_server_user "${limited[@]}" env -C "$tap" PG_REGRESS="$pgxs/../test/regress/pg_regress" \
        TESTDIR="$tap" TESTDATADIR="$tap/tmp_check" TESTLOGDIR="$tap/tmp_check/log" \
        prove -v -I "$pgxs/../test/perl" --ext .pl t || {
        grep -lE 'not ok| at .* line |Looks like|Bail out' "$tap"/tmp_check/log/regress_log_* | while read -r log; do
            echo "--- ${log##*/}"
            tail -n 15 "$log"
        done
        return 1
    }
}

suite_conversations() {
    start_preloaded
    PGHOST=$preloaded "${limited[@]}" test/conversations/replay.sh
}

suite_tool() {
    start_plain
    PGHOST=$plain "${limited[@]}" test/tool/run.sh
}

suite_docs() { "${limited[@]}" test/docs/run.sh; }

suite_hostile() { "${limited[@]}" test/hostile/run.sh; }

# --- counting and telling ------------------------------------------------------------------------

# Prints "passed failed skipped" of the cases in a log of any of the test tools.
count() {
    awk '
        /^ok .*# [Ss][Kk][Ii][Pp]/ || /^not ok .*# TODO/ { skipped++; next }
        /^\[  SKIPPED \] .*\([0-9]+ ms\)$/               { skipped++; next }
        /^ok / || /^\[       OK \] /                     { passed++ }
        /^(test)? +.*\.\.\. ok +[0-9]+ ms/              { passed++ }
        /^not ok / || /\.\.\. FAILED/                   { failed++ }
        /^\[  FAILED  \] .*\([0-9]+ ms\)$/              { failed++ }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# What one wants to see of a suite that failed.
show_failure() {
    local log=$1 diffs=$work/${name}/regression.diffs
    if [[ -s $diffs ]]; then
        head -n 120 "$diffs"
    elif (($(wc -l <"$log") <= 150)); then
        cat "$log"
    else
        grep -nE -B 12 -A 6 '^not ok |^# |FAILED|[Ee]rror' "$log" | head -n 100 || true
        echo "..."
        tail -n 30 "$log"
    fi
    grep -sE 'PANIC|TRAP|terminated by signal' "$work"/p*/server.log || true
}

say() { printf '%-18s %-7s %s\n' "$@"; }

build
install_extension

total_passed=0 total_failed=0 building=''
for name in "${suites[@]}"; do
    log=$work/$name.log
    started=$SECONDS
    case $name in
        lint | unit) ;; # they have work for all processors
        integration | reliability)
            await_build
            building=yes # by these themselves, if not before
            ;;
        *) [[ -n $building ]] || build_ahead && building=yes ;;
    esac
    set +e
    (
        set -e
        "suite_$name"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
    read -r passed failed skipped < <(count "$log")
    if ((status == 77)); then
        say "$name" skipped "$(tail -n 1 "$log")"
        continue
    fi
    ((status < 124)) || ((failed += 1)) # it crashed, or took too long
    ((status == 0 && passed > 0 || failed > 0)) || failed=1
    ((total_passed += passed, total_failed += failed)) || true
    summary="$passed passed"
    ((failed == 0)) || summary+=", $failed failed"
    ((skipped == 0)) || summary+=", $skipped skipped"
    summary+=", $((SECONDS - started)) s"
    if ((failed)); then
        say "$name" FAILED "$summary"
        show_failure "$log" | sed 's/^/    /'
    else
        say "$name" ok "$summary"
        sed -n 's/^ok .*# SKIP /    skipped: /Ip; s/^skipped: /    skipped: /p' "$log"
        [[ ${SM_LONG:-0} == 0 ]] || sed -n 's/^\(# \)\{0,1\}figure: /    figure: /p' "$log"
    fi
done

verdict="$total_passed passed, $total_failed failed"
((total_failed == 0 && total_passed > 0))
