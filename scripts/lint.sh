#!/usr/bin/env bash
# What the sources must look like, one rule a function, told as TAP. A function prints what is wrong
# and fails; it returns 77 after saying why it cannot look.

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_postgres
cd "$root"

scratch=$(mktemp -d)
clean_up() { rm -rf "$scratch"; }
at_exit clean_up

# The first of the commands that is there.
first_of() {
    local name
    for name; do
        command -v "$name" && return
    done
    return 1
}

# Fails, and shows them, where grep finds lines: none_of GREP'S ARGUMENTS
none_of() {
    local found
    found=$(grep -sn "$@") || return 0
    echo "$found"
    return 1
}

# --- form ----------------------------------------------------------------------------------------

formatted() {
    local tool
    tool=$(first_of clang-format-14 clang-format) || { echo "no clang-format"; return 77; }
    [[ $("$tool" --version) == *" 14."* ]] || { echo "clang-format is not version 14"; return 77; }
    find src test -name '*.[ch]pp' -exec "$tool" --dry-run -Werror {} +
}

scripts_clean() {
    command -v shellcheck >/dev/null || { echo "no shellcheck"; return 77; }
    find scripts test .ci \( -name '*.sh' -o -path .ci/run \) -exec shellcheck -x {} +
    shellcheck -x -a bin/session-memory
}

tool_help_fits_a_screen() {
    local arguments
    for arguments in --help 'import-redis --help'; do
        # shellcheck disable=SC2086  # words
        bin/session-memory $arguments | awk 'length($0) > 80 { wide = 1 } END { exit wide || NR > 24 || !NR }' ||
            { echo "session-memory $arguments is more than 24 lines of 80 columns"; return 1; }
    done
}

files_small() {
    find src bin \( -name '*.[ch]pp' -o -path 'bin/*' \) -exec wc -l {} + | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines"; bad = 1 } END { exit bad }'
}

# --- the wall between core and shell -------------------------------------------------------------

one_door_to_the_server() {
    none_of -rE '#\s*include\s*[<"]postgres(_fe)?\.h[">]' src --include='*.cpp' --include='*.hpp' --exclude=postgres.hpp
}

one_file_knows_the_version() {
    none_of -r PG_VERSION_NUM src --include='*.cpp' --include='*.hpp' --exclude=compat.hpp
}

# Makes the objects TARGET … anew in a copy of the tree, with what `with` gives make.
compile() {
    make -s -k -B -j"$(nproc)" -C "$scratch" "${with[@]}" "$@" 2>&1
}

core_cannot_see_the_server() {
    local header output with=()
    for header in '"postgres.h"' '<postgres.h>' '"fmgr.h"'; do
        echo "#include $header" >"$scratch/src/core/wall.cpp"
        output=$(compile src/core/wall.o || true)
        [[ $output == *"core code must not see the server"* ]] || { echo "a core file may include $header"; return 1; }
    done
    echo '#include <string>' >"$scratch/src/core/wall.cpp"
    compile src/core/wall.o
    rm "$scratch"/src/core/wall.*
}

no_warnings() {
    local with=(CXX="$1" SM_CXXFLAGS="-Werror $2") sources=(src/*.cpp src/*/*.cpp)
    compile "${sources[@]/%.cpp/.o}"
}
no_warnings_gcc() { no_warnings g++ ""; }
no_warnings_clang() {
    local tool
    tool=$(first_of clang++ clang++-{19..14}) || { echo "no clang++"; return 77; }
    no_warnings "$tool" "-fsyntax-only -Wno-unknown-warning-option -Wno-unused-command-line-argument"
}

only_entry_points_exported() {
    nm -D --defined-only session_memory.so |
        awk '$3 !~ /^(sm_.*|pg_finfo_sm_.*|Pg_magic_func|_PG_init)$/ { print $3; bad = 1 } END { exit bad || !NR }'
}

# --- the SQL -------------------------------------------------------------------------------------

nothing_planted_is_kept() {
    none_of -riE '^[^-]*(OR[[:space:]]+REPLACE|IF[[:space:]]+NOT[[:space:]]+EXISTS)' sql/install
    none_of -riE '^[^-]*IF[[:space:]]+NOT[[:space:]]+EXISTS' sql/upgrade --include='*.sql'
}

one_version() {
    local version
    version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" session_memory.control)
    none_of -rE "([vV]ersion[^0-9]{0,12}|session_memory--)${version/./\\.}([^0-9.]|\$)" \
        --include='*.'{cpp,hpp,sql,out,spec,pl,sh,md,txt} --include=Makefile --exclude-dir=corpus \
        Makefile CMakeLists.txt README.md src sql expected scripts test docs
}

# What pgspot finds in the install script: names and operators that somebody could plant. SM_PGSPOT says
# which python has it, where python3 has not. It does not know BEGIN ATOMIC and RETURN: such a body is bound
# while the script runs, with the script's search_path, so that is what it is shown with. Nothing is ignored.
nothing_for_pgspot() {
    local python=${SM_PGSPOT:-python3}
    "$python" -c 'import pgspot' 2>/dev/null || { echo "no pgspot (https://github.com/timescale/pgspot)"; return 77; }
    awk 'BEGIN                      { path = "SET search_path = pg_catalog, pg_temp" }
         /^BEGIN ATOMIC$/           { print (before ~ path ? "" : path) " AS $atomic$"; atomic = 1; next }
         atomic && /^END;$/         { print "$atomic$;"; atomic = 0; next }
         /^RETURN .*;$/             { sub(/^RETURN/, "SELECT"); sub(/;$/, ""); print path " AS $atomic$" $0 "$atomic$;"; next }
         { print; before = $0 }' sql/install/*.sql >"$scratch/install.sql"
    "$python" scripts/pgspot-plpgsql.py "$scratch/install.sql"
}

# Both folders hold the same names: paired DIR SUFFIX DIR SUFFIX
paired() {
    diff <(find "$1" -maxdepth 1 -name "*$2" -exec basename -s "$2" {} + | sort) \
        <(find "$3" -maxdepth 1 -name "*$4" -exec basename -s "$4" {} + | sort)
}
tests_have_expected() { paired sql .sql expected .out; }
specs_have_expected() { paired test/isolation/specs .spec test/isolation/expected .out; }

# --- running them --------------------------------------------------------------------------------

rules=(formatted scripts_clean tool_help_fits_a_screen files_small one_door_to_the_server one_file_knows_the_version
    core_cannot_see_the_server no_warnings_gcc no_warnings_clang only_entry_points_exported
    nothing_planted_is_kept nothing_for_pgspot one_version tests_have_expected specs_have_expected)

build
cp -r Makefile session_memory.control src sql "$scratch"
find "$scratch" -name '*.o' -delete

echo "1..${#rules[@]}"
failed=0
for i in "${!rules[@]}"; do
    rule=${rules[i]}
    set +e
    output=$(set -e; "$rule" 2>&1)
    status=$?
    set -e
    case $status in
        0) echo "ok $((i + 1)) - ${rule//_/ }" ;;
        77) echo "ok $((i + 1)) - ${rule//_/ } # SKIP $output" ;;
        *)
            echo "not ok $((i + 1)) - ${rule//_/ }"
            head -n 40 <<<"$output" | sed 's/^/# /'
            ((failed += 1))
            ;;
    esac
done
((failed == 0))
