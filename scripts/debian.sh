# shellcheck shell=bash
# Debians in folders, one for each major version of PostgreSQL, made by debootstrap once and kept. To
# be sourced after lib.sh, by root, who may mount. 2 GB each.
# shellcheck disable=SC2154  # what lib.sh and the script have set

declare -A debian=([15]=bookworm [17]=trixie [18]=sid)
store=${SM_MAJORS:-/var/tmp/session_memory-majors}
tree=/usr/src/session_memory  # in a Debian

# Runs a command with mounts, processes and shared memory of its own, which nobody else sees. They
# end with it, also if it is killed, so there is nothing to undo.
apart() { unshare --mount --pid --ipc --fork --kill-child --mount-proc "$@"; }

# inside FOLDER COMMAND …, where $major is the PostgreSQL there
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

# The Debian of $major is there, with this tree in it; sets $folder.
need_debian() {
    mkdir -p "$store"
    [[ $(stat -c %u "$store") == 0 ]] || die "$store belongs to somebody else"
    folder=$store/${debian[$major]}
    [[ -d $folder ]] || make_debian "${debian[$major]}" "$folder"
    prepare "$folder"
}
