#!/usr/bin/env bash
# Measures what hoop costs; docs/performance.md tells what the figures mean. Needs some quiet minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
cargo build --release --bins
cargo bench --bench mask
cargo bench --bench record
cargo bench --bench commands
python3 benches/sandbox.py
python3 benches/gateway.py
python3 benches/replay.py
python3 benches/export.py
python3 benches/terminal.py "$@"
