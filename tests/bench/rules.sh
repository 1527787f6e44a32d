#!/usr/bin/env bash
# What one evaluation of the whole alert pack costs for a hundred clusters seen by three vantages: a real Prometheus
# scrapes simulated exporters and an actuator every second and evaluates the rules that farshorectl renders. Prints one
# line of JSON: every figure and the goal with `met`.
#
#   tests/bench/rules.sh            twelve minutes: the rules that look back ten minutes find ten minutes
#   tests/bench/rules.sh --quick    half a minute and five clusters, to see that it works; its figures say little
#
# FARSHORECTL names another program; then nothing is built. Everything else goes to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ -z "${FARSHORECTL:-}" ]; then
  cmake --preset dev --log-level=WARNING >&2
  cmake --build --preset dev --target farshorectl >&2
  export FARSHORECTL=$PWD/build/dev/actuator/ctl/farshorectl
fi
exec /usr/bin/python3 -B tests/bench/rules_bench.py "$@"
