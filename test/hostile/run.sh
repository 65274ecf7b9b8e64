#!/usr/bin/env bash
# What looks for crashes at random or at length, one after the other: 25 minutes or so. Prints TAP;
# what needs a program that is not there is skipped.
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
    if "$here/$name.sh" >"$log" 2>&1 </dev/null; then
        echo "ok $tests - $name"
        echo "# figure: $name: $(tail -n 1 "$log")"
    elif [[ $(tail -n 1 "$log") == "no "* ]]; then
        echo "ok $tests - $name # SKIP $(tail -n 1 "$log")"
    else
        ((failures += 1))
        echo "not ok $tests - $name"
        sed 's/^/# /' "$log"
    fi
done
echo "1..$tests"
((failures == 0))
