#!/usr/bin/env bash
# libFuzzer (Debian: clang) on the core's JSON writer: documents of any shape, into rooms of any size.
#
#   fuzz.sh [SECONDS]     600 by default

# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

seconds=${1:-600}
command -v clang++ >/dev/null || { echo "no clang++ (Debian: clang)"; exit 77; }
cd "$root"
scratch=$(mktemp -d)
clean_up() { rm -rf "$scratch"; }
at_exit clean_up
cmake -S . -B build/fuzz -DSM_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ >/dev/null
cmake --build build/fuzz --target jsonb_text_fuzz -j "$(nproc)" >/dev/null
mkdir "$scratch/corpus"
build/fuzz/jsonb_text_fuzz -max_total_time="$seconds" -artifact_prefix="$scratch/" "$scratch/corpus" >"$scratch/log" 2>&1 ||
    die "$(tail -n 40 "$scratch/log")"
grep -oE 'Done [0-9]+ runs in [0-9]+ second' "$scratch/log"
