#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header of the rooms compiles by itself: as the first include of its own source file, which
# the build compiles, or else here. usage: headers_test.sh SOURCE_ROOT
set -eu
cd "$1"
compiler=$(command -v clang++-19 || command -v g++) || { echo "no compiler"; exit 77; }
find src dsp config dataplane crypto -name '*.h' | sort | while read -r header; do
    source=${header%.h}.cpp
    first=$(sed -n '/^#include/{p;q;}' "$source" 2>/dev/null || true)
    [ "$first" = "#include \"${header#src/}\"" ] || printf '%s\n' "$header"
done | xargs -r -n 1 -P 2 "$compiler" -std=c++23 -fsyntax-only -Wall -Wextra -Werror \
    -Wno-pragma-once-outside-header -I. -Isrc -x c++
