#!/usr/bin/env bash
# What farshore-exporter costs beside Debian's prometheus-postgres-exporter, on the same PostgreSQL and in one run, and
# how that grows to 200 servers. Prints one line of JSON: every figure and every goal with `met`.
#
#   tests/bench/exporter.sh            a few minutes; builds build/dev/exporter/farshore-exporter first
#   tests/bench/exporter.sh --quick    seconds: few scrapes and few servers, to see that it works; its figures say little
#
# FARSHORE_EXPORTER names another program; then nothing is built. Everything else goes to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ -z "${FARSHORE_EXPORTER:-}" ]; then
  cmake --preset dev --log-level=WARNING >&2
  cmake --build --preset dev --target farshore-exporter >&2
  export FARSHORE_EXPORTER=$PWD/build/dev/exporter/farshore-exporter
fi
exec /usr/bin/python3 tests/bench/exporter_bench.py "$@"
