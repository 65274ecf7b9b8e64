#!/usr/bin/env bash
# What looks for crashes at random or at length, one after the other: 25 minutes or so. Prints TAP;
# what needs a program that is not there says so, exits with 77, and is skipped.
#
#   run.sh [valgrind] [sqlsmith] [fuzz]

set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
(($#)) || set -- valgrind sqlsmith fuzz

log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests=0 failures=0
for name; do
    ((tests += 1))
    status=0
    "$here/$name.sh" >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then
        echo "ok $tests - $name"
        echo "# figure: $name: $(tail -n 1 "$log")"
    elif ((status == 77)); then
        echo "ok $tests - $name # SKIP $(tail -n 1 "$log")"
    else
        ((failures += 1))
        echo "not ok $tests - $name"
        sed 's/^/# /' "$log"
    fi
done
echo "1..$tests"
((failures == 0))
