#!/usr/bin/env bash
# The main job, for real: aws commands and a boto3 script through hoop-run, against an AWS emulator on loopback.
# Needs no AWS account. Recordings stay in ~/.cache/hoop/demo.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${HOOP_CACHE:-$HOME/.cache/hoop}
scripts/setup.sh demo
printf 'demo: building hoop (the first time takes some minutes)\n'
cargo build --quiet --bins
export PATH="$PWD/target/debug:$cache/venv/bin:$PATH"

home=$cache/demo
rm -rf "$home"
mkdir -p "$home"
. scripts/emulator.sh

export HOOP_STATE_DIR=$home/state HOOP_UPSTREAM_ENDPOINT_URL=http://127.0.0.1:$port HOOP_POLICY=demo/policy.toml

bold() { if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
show() { bold "\$ hoop-run -- $*"; hoop-run --quiet -- "$@"; }
refused() {
  bold "\$ hoop-run -- $*"
  if hoop-run --quiet -- "$@"; then
    printf 'demo: the policy should have refused this\n' >&2
    exit 1
  fi
}

show aws s3 mb s3://reports
show aws s3 cp README.md s3://reports/README.md --no-progress
show aws s3 ls s3://reports
bold '$ hoop-run -- aws s3 cp s3://reports/README.md - | head -n 3'
hoop-run --quiet -- aws s3 cp s3://reports/README.md - | head -n 3
show aws secretsmanager get-secret-value --secret-id prod/db
show sh -c 'env | grep -E "^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)="'
refused aws s3 rb s3://reports --force
refused python3 -c 'import boto3; boto3.client("s3").delete_object(Bucket="reports", Key="README.md")'

show sh demo/agent.sh

bold '$ hoop-replay list'
hoop-replay list
bold '$ hoopctl verify --all'
hoopctl verify --all

if grep -rqF -e "$password" -e "$AWS_SECRET_ACCESS_KEY" "$HOOP_STATE_DIR"; then
  printf 'demo: a secret is in the recordings\n' >&2
  exit 1
fi
bold 'Neither the password nor the real key is anywhere in the recordings. Look at them:'
printf '  export HOOP_STATE_DIR=%s\n  %s/target/debug/hoop-replay last     # or without `last`: the list\n' "$HOOP_STATE_DIR" "$PWD"
