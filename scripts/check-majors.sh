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

if ((EUID != 0)); then
    as_root env SM_MAJORS="${SM_MAJORS:-}" SUITES="${SUITES:-}" bash "${BASH_SOURCE[0]}" "$@"
    exit
fi

majors=(15 17 18)
declare -A debian=([15]=bookworm [17]=trixie [18]=sid)
if (($#)); then
    for major; do [[ -n ${debian[$major]:-} ]] || die "no Debian with PostgreSQL $major; there are: ${majors[*]}"; done
    majors=("$@")
fi
read -ra suites <<<"${SUITES:-}"
store=${SM_MAJORS:-/var/tmp/session_memory-majors}
tree=/usr/src/session_memory  # in a Debian

verdict="0 passed, 1 failed" running=''
clean_up() {
    [[ -z $running ]] || kill -KILL -- "-$running" 2>/dev/null || true
    echo "$verdict"
}
at_exit clean_up

# --- a Debian in a folder ------------------------------------------------------------------------

# Runs a command with mounts, processes and shared memory of its own, which nobody else sees. They
# end with it, also if it is killed, so there is nothing to undo.
apart() { unshare --mount --pid --ipc --fork --kill-child --mount-proc "$@"; }

# inside FOLDER COMMAND …
inside() {
    # shellcheck disable=SC2016  # for the inner shell to expand
    apart bash -euc '
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"
        exec chroot "$0" "$@"' "$1" \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        PG_CONFIG="/usr/lib/postgresql/$major/bin/pg_config" "${@:2}"
}

# Brings this tree into the Debian in FOLDER, and the way to the mirrors that this machine takes.
prepare() {
    local folder=$1
    cp /etc/resolv.conf "$folder/etc/resolv.conf"
    apt-config dump | sed -nE '/^Acquire::(Check-|https?::Proxy )/p' >"$folder/etc/apt/apt.conf.d/90machine"
    find "$folder/tmp" -mindepth 1 -delete
    rm -rf "${folder:?}$tree"
    mkdir -p "$folder$tree"
    tar -C "$root" --exclude=./.git --exclude=./build --exclude='*.'{o,d,so} -c . |
        tar -C "$folder$tree" --no-same-owner -x
}

install_debootstrap() {
    command -v apt-get >/dev/null || die "this script knows Debian only"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install debootstrap
}

# It bears its name only when it is complete.
make_debian() {
    local name=$1 folder=$2
    command -v debootstrap >/dev/null || install_debootstrap
    rm -rf --one-file-system "$folder.new"
    apart debootstrap --variant=minbase --include=ca-certificates,clang "$name" "$folder.new" \
        http://deb.debian.org/debian >"$folder.log" || { tail "$folder.log" && return 1; }
    rm "$folder.log"
    prepare "$folder.new"
    inside "$folder.new" "$tree/scripts/deps.sh" check
    mv "$folder.new" "$folder"
}

check() {
    local folder=$1
    [[ -d $folder ]] || make_debian "${folder##*/}" "$folder"
    prepare "$folder"
    inside "$folder" "$tree/scripts/check.sh" "${suites[@]}"
}

# --- one after the other -------------------------------------------------------------------------

mkdir -p "$store"
[[ $(stat -c %u "$store") == 0 ]] || die "$store belongs to somebody else"

say() { printf '%-18s %-7s %s\n' "$@"; }

passed=0 failed=0
for major in "${majors[@]}"; do
    folder=$store/${debian[$major]}
    log=$store/$major.log
    started=$SECONDS status=0
    set -m  # a process group of its own, to be killed as one
    (check "$folder") >"$log" 2>&1 </dev/null &
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
