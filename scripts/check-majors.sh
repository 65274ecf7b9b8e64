#!/usr/bin/env bash
# check.sh on every PostgreSQL that Debian has, each in a Debian of its own: check-majors.sh [MAJOR …]
#
#   15 in bookworm, 17 in trixie, 18 in sid; no Debian has 16
#
#   SM_MAJORS=FOLDER        where the Debians are, 2 GB each; /var/tmp/session_memory-majors by default
#   SUITES="lint tap"       only these suites of check.sh
#
# Needs root that may mount. A Debian is made once and kept: remove its folder to get a newer one.
# What check.sh says is in a log next to it, and is shown where a test failed.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

if ((EUID != 0)); then
    as_root env SM_MAJORS="${SM_MAJORS:-}" SUITES="${SUITES:-}" bash "${BASH_SOURCE[0]}" "$@"
    exit
fi

majors=(15 17 18)
if (($#)); then
    for major; do [[ -n ${debian[$major]:-} ]] || die "no Debian with PostgreSQL $major; there are: ${majors[*]}"; done
    majors=("$@")
fi
read -ra suites <<<"${SUITES:-}"

verdict="0 passed, 1 failed" running=''
clean_up() {
    [[ -z $running ]] || kill -KILL -- "-$running" 2>/dev/null || true
    echo "$verdict"
}
at_exit clean_up

check() {
    local folder
    need_debian
    inside "$folder" "$tree/scripts/check.sh" "${suites[@]}"
}

# --- one after the other -------------------------------------------------------------------------

mkdir -p "$store"

say() { printf '%-18s %-7s %s\n' "$@"; }

passed=0 failed=0
for major in "${majors[@]}"; do
    log=$store/$major.log
    started=$SECONDS status=0
    set -m  # a process group of its own, to be killed as one
    (check) >"$log" 2>&1 </dev/null &
    running=$!
    set +m
    wait "$running" || status=$?
    running=''
    summary=$(tail -n 1 "$log")
    [[ $summary == *" passed, "*" failed" ]] || summary="not checked"
    summary+=", ${debian[$major]}, $((SECONDS - started)) s"
    if ((status)); then
        ((failed += 1))
        say "PostgreSQL $major" FAILED "$summary"
        sed 's/^/    /' "$log"
    else
        ((passed += 1))
        say "PostgreSQL $major" ok "$summary"
        sed -nE 's/^([a-z_]+) +skipped +/    skipped: \1: /p; /^ +skipped: /p' "$log"
    fi
done

verdict="$passed passed, $failed failed"
((failed == 0))
