#!/usr/bin/env bash
# Fuzzes what reads bytes from outside, each target for a bounded time, starting from the corpus that is kept.
# usage: scripts/fuzz.sh [--seconds N] [--minimise] [TARGET ...]     (default: 60 s each, every target)
#
#   --seconds N   how long each target runs
#   --minimise    afterwards, put the least inputs that reach the same code into fuzz/corpus, in place of what is there
#
# Needs a nightly compiler and cargo-fuzz, which is installed under ${HOOP_CACHE:-~/.cache/hoop} where it is missing. New
# inputs are kept there too, so that the next run goes on from them. HOOP_FUZZ_SANITIZER=none runs without
# AddressSanitizer: twice as fast.
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${HOOP_CACHE:-$HOME/.cache/hoop}
seconds=60
minimise=no
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --minimise) minimise=yes ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit ;;
    -*) echo "fuzz: no option $1" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done

die() { printf 'fuzz: %s\n  fix: %s\n' "$1" "$2" >&2; exit 1; }

cargo +nightly --version >/dev/null 2>&1 || die "there is no nightly compiler" "rustup toolchain install nightly"
export PATH=$PATH:$cache/cargo-fuzz/bin
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "fuzz: installing cargo-fuzz"
  cargo install cargo-fuzz --locked --quiet --root "$cache/cargo-fuzz" || die "cargo-fuzz cannot be installed" "cargo install cargo-fuzz"
fi
build=(--sanitizer "${HOOP_FUZZ_SANITIZER:-address}")
cargo +nightly fuzz build "${build[@]}" || exit 1
if [ ${#targets[@]} = 0 ]; then
  mapfile -t targets < <(cargo +nightly fuzz list)
fi

# Inputs are short, as requests are; a second for one of them, or a gigabyte, is a fault.
limits=(-max_len=8192 -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -print_final_stats=1)
failed=()
for target in "${targets[@]}"; do
  found=$cache/fuzz/$target
  mkdir -p "$found"
  log=$(mktemp)
  words=fuzz/dictionaries/$target.txt
  [ -f "$words" ] && use=(-dict="$words") || use=()
  cargo +nightly fuzz run "${build[@]}" "$target" "$found" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" "${limits[@]}" "${use[@]}" >"$log" 2>&1
  status=$?
  runs=$(awk '/number_of_executed_units/ { print $2 }' "$log")
  covered=$(grep -oE 'cov: [0-9]+' "$log" | tail -1)
  if [ $status = 0 ]; then
    printf '%-12s %9s runs, %s, nothing found\n' "$target" "${runs:-0}" "$covered"
  else
    failed+=("$target")
    printf '%-12s FAILED\n' "$target"
    grep -E 'panicked at|^ERROR|==ERROR|SUMMARY|Test unit written' -A1 "$log" | head -20
    artifact=$(grep -oE 'Test unit written to .*' "$log" | sed 's/.* //' | tail -1)
    [ -n "$artifact" ] && echo "  again: cargo +nightly fuzz run ${build[*]} $target ${artifact#"$PWD/"}"
    [ -n "$artifact" ] || tail -20 "$log"
  fi
  rm -f "$log"
  if [ $minimise = yes ] && [ $status = 0 ]; then
    least=$(mktemp -d)
    cargo +nightly fuzz run "${build[@]}" "$target" "$least" "fuzz/corpus/$target" "$found" -- \
      -merge=1 "${limits[@]}" >/dev/null 2>&1 && rm -rf "fuzz/corpus/$target" && mv "$least" "fuzz/corpus/$target"
    chmod 755 "fuzz/corpus/$target"
  fi
done
[ ${#failed[@]} = 0 ] || { echo "found faults in: ${failed[*]}"; exit 1; }
