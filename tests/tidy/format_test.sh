#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source is as clang-format leaves it. usage: format_test.sh SOURCE_ROOT
set -eu
cd "$1"
format=$(command -v clang-format-19) || { echo "clang-format-19 is not installed"; exit 77; }
find src dsp config dataplane crypto tests \( -name '*.h' -o -name '*.cpp' \) -print0 |
    xargs -0 "$format" --dry-run -Werror
