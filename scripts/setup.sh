#!/usr/bin/env bash
# Installs what `make demo` and `make test` need, once; a second run only looks and leaves.
# usage: scripts/setup.sh demo|test
# Everything goes under ${HOOP_CACHE:-~/.cache/hoop}; system packages are installed only as root on Debian-like machines.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-test}
cache=${HOOP_CACHE:-$HOME/.cache/hoop}
mkdir -p "$cache"

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n  fix: %s\n' "$1" "$2" >&2; exit 1; }

# A tool, the Debian package that brings it, and what to say where it cannot be installed.
need() {
  command -v "$1" >/dev/null 2>&1 && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing $2"
    { [ -n "${apt_updated:-}" ] || apt-get update -qq; } && apt_updated=1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $2 >/dev/null
  else
    die "$1 is not installed" "install it with your package manager (Debian, Ubuntu: sudo apt-get install $2), then run this again"
  fi
}

# A folder is current when its stamp holds the digest of what it was made from.
current() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

python_clients() {
  need python3 "python3 python3-venv"
  local want
  want=$(cat scripts/requirements.txt <(python3 --version) | sha256sum | cut -d' ' -f1)
  current "$cache/venv" "$want" && return
  say "making a Python environment with the aws CLI, boto3 and the moto server"
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv" 2>/dev/null || {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "python3 has no venv module" "sudo apt-get install python3-venv"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    python3 -m venv "$cache/venv"
  }
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/requirements.txt
  printf '%s' "$want" > "$cache/venv/.stamp"
}

javascript_clients() {
  need node nodejs
  need npm npm
  local want
  want=$(sha256sum < scripts/package.json | cut -d' ' -f1)
  current "$cache/js" "$want" && return
  say "installing the JavaScript AWS SDK"
  rm -rf "$cache/js"
  mkdir -p "$cache/js"
  cp scripts/package.json "$cache/js/"
  npm install --prefix "$cache/js" --silent --no-audit --no-fund --no-update-notifier
  printf '%s' "$want" > "$cache/js/.stamp"
}

# What the tables of AWS operations are made from, in the very versions: a test makes them again and compares.
sources() {
  need npm npm
  local want new=$cache/sources.new
  want=$(cat scripts/sources.txt scripts/sources.json | sha256sum | cut -d' ' -f1)
  current "$cache/sources" "$want" && return
  say "installing botocore's models and the service authorization reference"
  rm -rf "$new"
  mkdir -p "$new"
  cp scripts/sources.json "$new/package.json"
  npm install --prefix "$new" --silent --ignore-scripts --no-audit --no-fund --no-update-notifier
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --target "$new/python" -r scripts/sources.txt
  rm -rf "$cache/sources"
  mv "$new" "$cache/sources"
  printf '%s' "$want" > "$cache/sources/.stamp"
}

# Real agents to wrap, half a gigabyte of them. Tests go on without them: HOOP_TEST_AGENTS=no leaves them out, and where
# they cannot be installed an earlier installation stays.
agents() {
  [ "${HOOP_TEST_AGENTS:-yes}" != no ] || return 0
  local want new=$cache/agents.new
  want=$(sha256sum < scripts/agents.json | cut -d' ' -f1)
  current "$cache/agents" "$want" && return
  say "installing Claude Code and Codex"
  rm -rf "$new"
  mkdir -p "$new/bin"
  cp scripts/agents.json "$new/package.json"
  # Without install scripts: all they do is copy the program of this platform to where the command is; links will do.
  if timeout 300 npm install --prefix "$new" --silent --ignore-scripts --no-audit --no-fund --no-update-notifier \
      --fetch-retries 1 && link_agents "$new"; then
    rm -rf "$cache/agents"
    mv "$new" "$cache/agents"
    printf '%s' "$want" > "$cache/agents/.stamp"
  else
    say "the agents could not be installed; their tests use an earlier installation, or are skipped"
    rm -rf "$new"
  fi
}

link_agents() {
  local claude
  for claude in "$1"/node_modules/@anthropic-ai/claude-code-*/claude; do
    [ -x "$claude" ] && ln -sf "../${claude#"$1"/}" "$1/bin/claude"
  done
  ln -s ../node_modules/@openai/codex/bin/codex.js "$1/bin/codex"
  HOME=$1 "$1/bin/claude" --version >/dev/null && HOME=$1 "$1/bin/codex" --version >/dev/null
}

# Shells whose prompts are tested; tests leave out one that is not there.
shells() {
  local shell
  for shell in zsh fish; do
    command -v "$shell" >/dev/null 2>&1 || (need "$shell" "$shell") || say "the tests of $shell are left out"
  done
}

# A second opinion on our recordings. Tests go on without it, with a strict reader of their own.
asciinema() {
  [ -x "$cache/asciinema/bin/asciinema" ] && return
  say "building asciinema 3 (tests read our recordings with it)"
  cargo install asciinema --version '^3' --locked --debug --quiet --root "$cache/asciinema" --target-dir "$cache/asciinema/build" \
    || say "asciinema could not be built; the tests use their own strict reader"
  rm -rf "$cache/asciinema/build"
}

need cargo "cargo"
need cc gcc
python_clients
if [ "$purpose" = test ]; then
  javascript_clients
  sources
  agents
  shells
  asciinema
fi
