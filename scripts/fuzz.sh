#!/usr/bin/env bash
# Fuzzes what reads bytes from outside, each target for a bounded time, starting from the corpus that is kept.
# usage: scripts/fuzz.sh [--seconds N] [--minimise] [TARGET ...]     (default: 60 s each, every target)
#
#   --seconds N   how long each target runs
#   --minimise    afterwards, put the least inputs that reach the same code into fuzz/corpus, in place of what is there;
#                 inputs that once failed stay in fuzz/regressions
#
# libFuzzer, with the ordinary compiler: fuzz/rustc.sh adds the flags that cargo-fuzz would. The folder is laid out for
# cargo-fuzz too, whose `cargo fuzz run TARGET` adds AddressSanitizer and needs a nightly compiler. New inputs are kept
# under ${HOOP_CACHE:-~/.cache/hoop}, so that the next run goes on from them. It is built into the project's own target
# folder: what hoop depends on is taken from there as `cargo build` left it, hoop alone is compiled once more.
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${HOOP_CACHE:-$HOME/.cache/hoop}/fuzz
seconds=60
minimise=no
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --minimise) minimise=yes ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit ;;
    -*) echo "fuzz: no option $1" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done

if [ ${#targets[@]} = 0 ]; then
  mapfile -t targets < <(basename -s .rs fuzz/fuzz_targets/*.rs)
fi
for target in "${targets[@]}"; do
  [ -f "fuzz/fuzz_targets/$target.rs" ] || { echo "fuzz: there is no target $target" >&2; exit 2; }
done
built=${CARGO_TARGET_DIR:-target}
RUSTC_WRAPPER=$PWD/fuzz/rustc.sh cargo build --manifest-path fuzz/Cargo.toml --target-dir "$built" --quiet \
  "${targets[@]/#/--bin=}" || exit 1

# Inputs are short, as requests are; ten seconds for one of them, or a gigabyte, is a fault. Two seconds are told.
limits=(-max_len=8192 -timeout=10 -report_slow_units=2 -rss_limit_mb=1024 -print_final_stats=1)
# Targets that read files write them here; the viewer's would stay behind otherwise.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
failed=()
for target in "${targets[@]}"; do
  program=$built/debug/$target
  found=$cache/$target
  faults=fuzz/artifacts/$target/
  mkdir -p "$found" "$faults"
  log=$(mktemp)
  words=fuzz/dictionaries/$target.txt
  with=()
  [ -f "$words" ] && with=(-dict="$words")
  "$program" "$found" "fuzz/corpus/$target" -max_total_time="$seconds" -artifact_prefix="$faults" "${limits[@]}" "${with[@]}" >"$log" 2>&1
  status=$?
  runs=$(awk '/number_of_executed_units/ { print $2 }' "$log")
  covered=$(grep -oE 'cov: [0-9]+' "$log" | tail -1)
  if [ $status = 0 ]; then
    printf '%-12s %9s runs, %s, nothing found\n' "$target" "${runs:-0}" "$covered"
    slow=$(grep -oE 'Test unit written to .*slow-unit-.*' "$log" | sed 's/.* //' | tail -1)
    [ -z "$slow" ] || echo "  slow: $program $slow"
  else
    failed+=("$target")
    printf '%-12s FAILED\n' "$target"
    grep -E 'panicked at|ERROR' -A2 "$log" | head -12
    artifact=$(grep -oE 'Test unit written to .*' "$log" | sed 's/.* //' | tail -1)
    if [ -n "$artifact" ]; then echo "  again: $program $artifact"; else tail -20 "$log"; fi
  fi
  rm -f "$log"
  if [ $minimise = yes ] && [ $status = 0 ]; then
    least=$(mktemp -d)
    if "$program" -set_cover_merge=1 -artifact_prefix="$faults" "${limits[@]}" "$least" "fuzz/corpus/$target" "$found" >/dev/null 2>&1; then
      rm -rf "fuzz/corpus/$target" && mkdir "fuzz/corpus/$target" && cp "$least"/* "fuzz/corpus/$target/"
    fi
    rm -rf "$least"
  fi
done
[ ${#failed[@]} = 0 ] || { echo "faults in: ${failed[*]}"; exit 1; }
