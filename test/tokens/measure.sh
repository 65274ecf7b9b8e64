#!/bin/sh
# Measures the token estimator (src/core/tokens.hpp) against the real o200k tokenizer.
#   measure.sh           prints the errors, per corpus, and the speed
#   measure.sh --fit     fits the costs anew and prints them, to be put into tokens_tables.hpp
# Needs node, npm and a C++20 compiler; installs the npm package into a temporary folder.
#   SM_DIALOGUES   gzipped dialogues, one JSON object a line (default: ../shared/data of the repository)
#   TOKENS_TMP     a folder to keep and use again instead of a temporary one
#   CXX            the compiler (default: c++)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "${TOKENS_TMP:-}" ]; then
    TOKENS_TMP=$(mktemp -d)
    trap 'rm -rf "$TOKENS_TMP"' EXIT
fi
mkdir -p "$TOKENS_TMP"
SM_DIALOGUES=${SM_DIALOGUES:-$root/../shared/data/dialogues.jsonl.gz}
export TOKENS_TMP SM_DIALOGUES

if [ ! -d "$TOKENS_TMP/node_modules/gpt-tokenizer" ]; then
    npm install --silent --no-audit --no-fund --prefix "$TOKENS_TMP" gpt-tokenizer@4.0.0
fi
"${CXX:-c++}" -std=c++20 -O2 -Wall -Wextra -I"$root/src/core/guard" -I"$root/src" \
    -o "$TOKENS_TMP/estimate" "$here/estimate.cpp"

if [ "${1:-}" = --fit ]; then
    node "$here/fit.mjs"
    exit
fi
node "$here/measure.mjs"
echo
for corpus in english english_markdown python russian chinese; do
    printf 'speed, %s: ' "$corpus"
    # Long enough that the processor cannot learn it by heart.
    for _ in $(seq 100); do cat "$here/corpus/$corpus.txt"; done | "$TOKENS_TMP/estimate" --speed
done
if [ -f "$SM_DIALOGUES" ]; then
    printf 'speed, dialogues as JSON: '
    gunzip -c "$SM_DIALOGUES" | "$TOKENS_TMP/estimate" --speed
fi
