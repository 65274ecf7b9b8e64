#!/usr/bin/env bash
# pg_upgrade from this machine's PostgreSQL to that of a newer Debian, in a folder: check-upgrade.sh [MAJOR]
#
# The Debian is that of check-majors.sh: 17 is in trixie. The old server goes there too, with the
# libraries that the newer Debian no longer has. Needs root that may mount.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

if ((EUID != 0)); then
    as_root env PG_CONFIG="${PG_CONFIG:-}" SM_MAJORS="$store" bash "${BASH_SOURCE[0]}" "$@"
    exit
fi

major=${1:-17}
[[ -n ${debian[$major]:-} ]] || die "no Debian with PostgreSQL $major"
cd "$root"
use_postgres
old=$(postgres_major)
((old < major)) || die "PostgreSQL $old is not older than $major"
build
install_extension
need_debian

# The newest minor version: an older one does not know what newer ones of before note in the catalogs.
if [[ ${debian[$major]} != sid ]]; then
    echo "deb http://deb.debian.org/debian-security ${debian[$major]}-security main" >"$folder/etc/apt/sources.list.d/security.list"
    inside "$folder" sh -c "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install postgresql-$major postgresql-server-dev-$major" \
        >"$folder.log" 2>&1 || { cat "$folder.log" && exit 1; }
    rm "$folder.log"
fi

# The old server with what it needs; the newer Debian's own libraries come first.
there=$folder/opt/old
rm -rf "$there"
mkdir -p "$there"/{lib,share}/postgresql "$there/needed"
cp -a "$(dirname "$bindir")" "$there/lib/postgresql/$old"
cp -a "$("$PG_CONFIG" --sharedir)" "$there/share/postgresql/$old"
rm -f "$there/lib/postgresql/$old"/lib/llvmjit*
known=$(inside "$folder" ldconfig -p)
while read -r name path; do
    [[ $known == *"$name "* ]] || cp -L "$path" "$there/needed/"
done < <(ldd "$bindir"/{postgres,pg_dump,psql} "$("$PG_CONFIG" --pkglibdir)/session_memory.so" |
    awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' | sort -u)

inside "$folder" make -s -C "$tree" -j"$(nproc)" all install PG_CONFIG="/usr/lib/postgresql/$major/bin/pg_config" >/dev/null
inside "$folder" env LD_LIBRARY_PATH=/opt/old/needed \
    "$tree/test/upgrade/pg_upgrade.sh" "/opt/old/lib/postgresql/$old/bin" "/usr/lib/postgresql/$major/bin"
