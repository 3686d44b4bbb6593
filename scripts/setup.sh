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

# The AWS clients of this Debian, older than PyPI's: the aws CLI 2 (2.9.19 in Debian 12), s3cmd, rclone. Unpacked, not
# installed, so that they meet neither the system's programs nor ours. Tests leave out what is not there.
debian_clients() {
  local want new=$cache/debian.new deb
  command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || {
    say "not a Debian: the tests of its aws CLI 2, s3cmd and rclone are left out"
    return 0
  }
  want=$(cat /etc/debian_version; printf 'awscli s3cmd rclone 1')
  current "$cache/debian" "$want" && return
  say "unpacking Debian's aws CLI 2, s3cmd and rclone"
  rm -rf "$new"
  mkdir -p "$new/debs/partial"
  # Packages that the system has already are not fetched again: the clients find those where they are.
  if timeout 300 apt-get -y -qq --no-install-recommends -o Debug::NoLocking=1 -o "Dir::Cache::archives=$new/debs" \
      --download-only install awscli s3cmd rclone >/dev/null 2>&1; then
    for deb in "$new"/debs/*.deb; do dpkg-deb -x "$deb" "$new"; done
    rm -rf "$new/debs" "$cache/debian"
    mkdir -p "$new/bin"
    debian_program aws2 usr/bin/aws
    debian_program s3cmd usr/bin/s3cmd
    [ ! -x "$new/usr/bin/rclone" ] || ln -s ../usr/bin/rclone "$new/bin/rclone"
    mv "$new" "$cache/debian"
    printf '%s' "$want" > "$cache/debian/.stamp"
  else
    say "Debian's clients could not be fetched (apt-get update may help); their tests are left out"
    rm -rf "$new"
  fi
}

# A real browser for the page of `hoopctl approvals serve`, under one name: the system's, else (who is not root could not
# install it) Debian's without a window, unpacked (330 MB). Its tests are left out where there is none.
chromium() {
  local want new=$cache/chromium.new deb name system=
  for name in chromium chromium-browser google-chrome; do
    system=$(type -P "$name") && break
  done
  want=$(cat /etc/debian_version 2>/dev/null || uname -s; printf 'chromium %s 2' "$system")
  current "$cache/chromium" "$want" && return
  rm -rf "$new"
  mkdir -p "$new/debs/partial"
  if [ -n "$system" ]; then
    printf '#!/bin/sh\nexec "%s" --headless "$@"\n' "$system" > "$new/browser"
  elif command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
    say "unpacking Debian's Chromium"
    if timeout 300 apt-get -y -qq --no-install-recommends -o Debug::NoLocking=1 -o "Dir::Cache::archives=$new/debs" \
        --download-only install chromium-headless-shell >/dev/null 2>&1; then
      # A part of it that the system has already was not fetched again, and is needed beside the rest.
      (cd "$new/debs" && timeout 300 apt-get -qq download chromium-common >/dev/null 2>&1) || true
      for deb in "$new"/debs/*.deb; do [ ! -f "$deb" ] || dpkg-deb -x "$deb" "$new"; done
    fi
    if [ -x "$new/usr/lib/chromium/chromium-headless-shell" ]; then
      rm -rf "$new/usr/share/doc" "$new"/usr/lib/chromium/libVkLayer*
      # Libraries that the system lacks came with it, some of them in folders of their own.
      printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nlib=$(echo "$here"/usr/lib/*-linux-gnu)\nexport LD_LIBRARY_PATH="$lib:$lib/pulseaudio"\nexec "$here/usr/lib/chromium/chromium-headless-shell" "$@"\n' > "$new/browser"
    fi
  fi
  if [ -f "$new/browser" ]; then
    chmod +x "$new/browser"
    rm -rf "$new/debs" "$cache/chromium"
    mv "$new" "$cache/chromium"
    printf '%s' "$want" > "$cache/chromium/.stamp"
  else
    say "there is no Chromium, and none could be fetched (apt-get update may help); its tests are left out"
    rm -rf "$new"
  fi
}

# A Python program of Debian, run by Debian's Python with the unpacked packages.
debian_program() {
  [ -f "$new/$2" ] || return 0
  printf '#!/bin/sh\nhere=$(dirname "$(dirname "$(readlink -f "$0")")")\nexport PYTHONPATH="$here/usr/lib/python3/dist-packages"\nexec /usr/bin/python3 "$here/%s" "$@"\n' "$2" > "$new/bin/$1"
  chmod +x "$new/bin/$1"
}

# The Rust SDK as a client. It is a program of its own: six services are three minutes of compiling, once, and none of
# that belongs into hoop's own build. Tests leave it out where it cannot be built.
rust_client() {
  local from=tests/clients/rust want
  want=$(cat "$from/Cargo.toml" "$from/Cargo.lock" "$from/src/main.rs" | sha256sum | cut -d' ' -f1)
  current "$cache/rust-client" "$want" && return
  say "building a client with the Rust AWS SDK"
  mkdir -p "$cache/rust-client"
  if cargo build --manifest-path "$from/Cargo.toml" --locked --quiet --target-dir "$cache/rust-client/build"; then
    cp "$cache/rust-client/build/debug/rust-client" "$cache/rust-client/"
    printf '%s' "$want" > "$cache/rust-client/.stamp"
    rm -rf "$cache/rust-client/build"
  else
    say "the Rust client could not be built; its tests use an earlier one, or are left out"
  fi
}

# The AWS SDK for Go 2 as a client: Debian's sources and Debian's compiler, unpacked for as long as it takes (800 MB, a
# minute), not installed.
go_client() {
  local from=tests/clients/go want new=$cache/go.new deb go root
  command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || {
    say "not a Debian: the tests of its Go SDK are left out"
    return 0
  }
  want=$(cat "$from/main.go" /etc/debian_version | sha256sum | cut -d' ' -f1)
  current "$cache/go-client" "$want" && return
  say "building a client with Debian's Go AWS SDK"
  rm -rf "$new"
  mkdir -p "$new/debs/partial"
  if timeout 300 apt-get -y -qq --no-install-recommends -o Debug::NoLocking=1 -o "Dir::Cache::archives=$new/debs" \
      --download-only install golang-go golang-github-aws-aws-sdk-go-v2-dev >/dev/null 2>&1; then
    for deb in "$new"/debs/*.deb; do [ ! -f "$deb" ] || dpkg-deb -x "$deb" "$new"; done
  fi
  # What the system has already was not fetched again.
  go=$(ls -d "$new"/usr/lib/go-*/bin/go 2>/dev/null | head -n 1)
  root=${go%/bin/go}
  mkdir -p "$cache/go-client"
  if env ${root:+GOROOT="$root"} GO111MODULE=off GOFLAGS= CGO_ENABLED=0 GOCACHE="$new/cache" \
      GOPATH="$new/path:$new/usr/share/gocode:/usr/share/gocode" "${go:-go}" build -o "$new/go-client" "$from/main.go"; then
    mv "$new/go-client" "$cache/go-client/"
    printf '%s' "$want" > "$cache/go-client/.stamp"
  else
    say "the Go client could not be built (apt-get update may help)"
  fi
  rm -rf "$new"
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

# Full-screen programs whose screens are compared with and without hoop-run; tests leave out one that is not there.
full_screen_programs() {
  local pair
  for pair in vim:vim-tiny less:less htop:htop fzf:fzf tmux:tmux watch:procps; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || { [ "${pair%%:*}" = vim ] && command -v vim.tiny >/dev/null 2>&1; } \
      || (need "${pair%%:*}" "${pair##*:}") || say "the test of ${pair%%:*}'s screen is left out"
  done
}

# npm packages of scripts/NAME.json under the cache's NAME; tests leave out what cannot be installed.
# usage: npm_packages NAME WHAT
npm_packages() {
  need npm npm
  local want
  want=$(sha256sum < "scripts/$1.json" | cut -d' ' -f1)
  current "$cache/$1" "$want" && return
  say "installing $2"
  mkdir -p "$cache/$1"
  cp "scripts/$1.json" "$cache/$1/package.json"
  if npm install --prefix "$cache/$1" --silent --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries 1; then
    printf '%s' "$want" > "$cache/$1/.stamp"
  else
    say "$2 could not be installed; its tests are left out"
  fi
}

# A second opinion on our recordings. Tests go on without it, with a strict reader of their own.
asciinema() {
  [ -x "$cache/asciinema/bin/asciinema" ] && return
  say "building asciinema 3 (tests read our recordings with it)"
  cargo install asciinema --version '^3' --locked --debug --quiet --root "$cache/asciinema" --target-dir "$cache/asciinema/build" \
    || say "asciinema could not be built; the tests use their own strict reader"
  rm -rf "$cache/asciinema/build"
}

# The asciinemas of Python, which wrote the older versions: 1.4 recordings of version 1, 2.4 those of version 2. Tests leave out
# what cannot be installed.
older_asciinemas() {
  local version place
  for version in 1.4.0 2.4.0; do
    place=$cache/asciinema-${version%%.*}
    current "$place" "$version" && continue
    say "installing asciinema $version"
    rm -rf "$place"
    if python3 -m venv "$place" && "$place/bin/pip" install --quiet --disable-pip-version-check "asciinema==$version"; then
      printf '%s' "$version" > "$place/.stamp"
    else
      say "asciinema $version could not be installed; its tests are left out"
      rm -rf "$place"
    fi
  done
}

# Pages that we export are opened and clicked in it. Tests go on without it.
browser() {
  for program in chromium chromium-browser google-chrome; do
    command -v "$program" >/dev/null 2>&1 && return
  done
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing chromium"
    { [ -n "${apt_updated:-}" ] || apt-get update -qq; } && apt_updated=1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null \
      || say "chromium could not be installed; its tests are left out"
  else
    say "there is no chromium; its tests are left out"
  fi
}

need cargo "cargo"
need cc gcc
python_clients
if [ "$purpose" = test ]; then
  javascript_clients
  sources
  debian_clients
  rust_client
  go_client
  agents
  shells
  full_screen_programs
  npm_packages ink "Ink, which terminal programs of agents are made with"
  npm_packages oidc "a certified OpenID provider"
  npm_packages saml "a SAML identity provider"
  asciinema
  older_asciinemas
  browser
  chromium
fi
