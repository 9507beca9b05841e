#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness sees crashes: the canary must be found and killed. usage: canary_test.sh CANARY
if output=$("$1" -runs=1000000 -seed=1 -max_len=64 -artifact_prefix="$(dirname "$1")/" 2>&1); then
    printf '%s\n' "$output"
    echo "the canary lives: this harness does not see crashes"
    exit 1
fi
case $output in
*heap-buffer-overflow*) echo "the canary was killed, as it must be" ;;
*)
    printf '%s\n' "$output"
    echo "the canary failed otherwise than it should"
    exit 1
    ;;
esac
