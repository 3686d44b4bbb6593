#!/usr/bin/env bash
# Fails when a man page or a completion is not what the code gives now.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cargo run --quiet --example docs -- man "$fresh/man"
cargo run --quiet --example docs -- completions "$fresh/completions"
for kind in man completions; do
  diff -ru "$kind" "$fresh/$kind" || {
    printf 'check-docs: %s/ is not what the code gives\n  fix: make docs, then commit %s/\n' "$kind" "$kind" >&2
    exit 1
  }
done
