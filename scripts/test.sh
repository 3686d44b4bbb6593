#!/usr/bin/env bash
# Runs every test and closes with one line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo build --bins || exit 1
# Started in the background (nohup, &) a shell hands on ignored signals, which the programs under test would keep.
afresh=()
env --default-signal true 2>/dev/null && afresh=(env --default-signal)
"${afresh[@]}" cargo test --no-fail-fast "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
awk '/^test result:/ { passed += $4; failed += $6 } END { printf "\n%d passed, %d failed\n", passed, failed }' "$log"
exit "$status"
