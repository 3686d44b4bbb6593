#!/usr/bin/env bash
# Makes docs/images/ anew: sessions of the demo, recorded by hoop-run at fixed sizes and drawn by hoop-replay export.
# A picture of hoop itself is a recording of hoop: an outer hoop-run (--no-gateway --sandbox off) records the inner program.
# usage: scripts/screenshots.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD images=${1:-$PWD/docs/images} cache=${HOOP_CACHE:-$HOME/.cache/hoop}
scripts/setup.sh demo
[ -n "${PROGRAMS:-}" ] || cargo build --quiet --bins
export PATH="${PROGRAMS:-$here/target/debug}:$cache/venv/bin:$PATH"
mkdir -p "$images"
# Pictures show where something was run: the same in each of them, and no folder of this machine's.
home=/tmp/hoop-pictures
mkdir "$home" || { printf 'screenshots: %s is there already\n  fix: remove it\n' "$home" >&2; exit 1; }
cp demo/agent.sh demo/policy.toml README.md "$home/"
forget() { rm -rf "$home"; }
. scripts/emulator.sh
trap 'cleanup; forget' EXIT
cd "$home"
export TZ=UTC TERM=xterm-256color COLORTERM=truecolor LANG=C.UTF-8 HOOP_UPSTREAM_ENDPOINT_URL=http://127.0.0.1:$port
unset NO_COLOR HOOP_POLICY XDG_STATE_HOME XDG_CONFIG_HOME
export HOME=$home
say() { printf 'screenshots: %s\n' "$*"; }
drive() { python3 "$here/scripts/drive.py" "$@"; }

# Sessions to look at, as an agent and a person leave them.
export HOOP_STATE_DIR=$home/state
hoop-run -q -p policy.toml -- aws s3 mb s3://reports >/dev/null
hoop-run -q -p policy.toml -- aws s3 cp README.md s3://reports/README.md --no-progress >/dev/null
hoop-run -q -p policy.toml -- python3 -c 'import boto3; boto3.client("s3").delete_object(Bucket="reports", Key="README.md")' >/dev/null 2>&1 || true
say 'the agent at work'
drive 100x24 -- hoop-run -q -p policy.toml -t 'an agent at work' -- sh agent.sh >/dev/null
hoop-replay export last -f movie --title 'hoop-run -- sh agent.sh' --idle-limit 1.2s -o "$images/agent.svg" --overwrite

# An inner program on a terminal of COLSxROWS, recorded, and a picture of the moment of its mark.
# usage: picture NAME COLSxROWS TITLE [STEP ...] -- COMMAND ...
picture() {
  local name=$1 size=$2 title=$3 at
  shift 3
  local steps=()
  while [ "$1" != -- ]; do steps+=("$1"); shift; done
  shift
  say "$title"
  at=$(HOOP_STATE_DIR=$home/outer drive "$size" "${steps[@]}" -- \
    hoop-run -q --no-gateway --sandbox off -- env HOOP_STATE_DIR="$home/state" "$@" | awk '$1 == "here" {print $2}') || true  # its status is the program's
  [ -n "$at" ] || { printf 'screenshots: no moment for %s\n' "$name" >&2; exit 1; }
  HOOP_STATE_DIR=$home/outer hoop-replay export last --at "$at" --title "$title" -o "$images/$name.svg" --overwrite
}

picture question 100x26 'hoop-run -- aws s3 rm s3://reports/README.md' \
  'wait:Ctrl-]' 'keys:\x1d' rest:1 mark:here rest:0.3 'keys:d' rest:0.5 'keys:\r' -- \
  hoop-run -q -p guarded -- aws s3 rm s3://reports/README.md
agent=$(hoop-replay list --json | python3 -c 'import json, sys
print(next(row["id"] for row in map(json.loads, sys.stdin) if row["title"] == "an agent at work"))')
# From the end back to the last call, which was refused.
refused=(rest:1 keys:G rest:0.7 'keys:(' rest:0.7)
picture list 110x14 'hoop-replay' rest:1.5 mark:here rest:0.3 'keys:\x03' -- hoop-replay
# The last step draws everything anew: pieces of a picture, drawn as they change, can look like a secret to the outer hoop-run.
picture viewer 149x32 'hoop-replay' "${refused[@]}" size:150x32 rest:1 mark:here rest:0.3 'keys:\x03' -- hoop-replay "$agent"
picture detail 99x22 'hoop-replay: why a call was refused' "${refused[@]}" keys:d rest:0.7 size:100x22 rest:1 mark:here rest:0.3 'keys:\x03' -- \
  hoop-replay "$agent"

if grep -lF -e "$here" -e "$cache" -e "$(uname -r)" -e "$AWS_SECRET_ACCESS_KEY" -e "$password" "$images"/*.svg; then
  printf 'screenshots: this shows a path or the kernel of this machine, or a secret\n' >&2
  exit 1
fi
ls -l "$images"
