#!/usr/bin/env bash
# Installs the Debian packages that are missing: deps.sh [demo|check|bench|hostile] …
# Says nothing and touches nothing where everything is there. Starts no service.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

major=$(postgres_major)
packages=(g++ make)
# A PostgreSQL that somebody built elsewhere brings its own headers.
if [[ -z ${PG_CONFIG:-} || $PG_CONFIG == /usr/lib/postgresql/* || ! -x $(command -v "$PG_CONFIG") ||
    $("$PG_CONFIG" --bindir) == /usr/lib/postgresql/* ]]; then
    packages+=("postgresql-$major" "postgresql-server-dev-$major")
fi
for group in "${@:-demo}"; do
    case $group in
        demo) ;;
        check) packages+=(cmake pkg-config libpq-dev libpqxx-dev libgtest-dev perl libipc-run-perl python3-psycopg2 redis-server) ;;
        bench) packages+=(redis-server libhiredis-dev gnuplot-nox) ;;
        hostile) packages+=(valgrind sqlsmith clang) ;;
        *) die "deps.sh: no group $group (demo, check, bench, hostile)" ;;
    esac
done

# The sources are formatted by clang-format 14, which is Debian 12's; lint goes without elsewhere.
if [[ " $* " == *" check "* ]] && grep -qs '^VERSION_ID="12"' /etc/os-release; then
    packages+=(clang-format)
fi

missing=()
for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
        missing+=("$package")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || die "this script knows Debian only; please install what is like: ${missing[*]}"
if ((EUID != 0)); then
    as_root env PG_CONFIG="${PG_CONFIG:-}" bash "${BASH_SOURCE[0]}" "$@"
    exit
fi

# For the time of the installation: no cluster is created, no service started.
clusters=/etc/postgresql-common/createcluster.d
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
undo=("$log" "$clusters/session_memory.conf")
made=$(mkdir -pv "$clusters")
clean_up() {
    rm -f "${undo[@]}"
    [[ -z $made ]] || rmdir --ignore-fail-on-non-empty "$clusters"
}
at_exit clean_up
echo "create_main_cluster = false" >"$clusters/session_memory.conf"
if [[ ! -e $policy ]]; then
    undo+=("$policy")
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends)
if ! { "${apt[@]}" update && "${apt[@]}" install "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    die "could not install ${missing[*]}"
fi
# Redis is wanted as a program, not as a service of this machine.
if [[ " ${missing[*]} " == *" redis-server "* ]] && command -v systemctl >/dev/null; then
    systemctl disable redis-server >/dev/null 2>&1 || true
fi
