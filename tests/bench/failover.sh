#!/usr/bin/env bash
# How long a lost region costs: RUNS (default 5) failovers in the lab, a fresh world each, and their medians as one
# line of JSON on standard output. FAULT (default kill) picks another loss. Everything else goes to standard error.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${RUNS:-5}
fault=${FAULT:-kill}
report=$root/build/lab/report.json

status=0
"$root/examples/lab/run.sh" --fault "$fault" --runs "$runs" "$@" >&2 || status=$?
[ "$status" -ne 130 ] || exit 130
jq --compact-output --arg fault "$fault" '
  {fault: $fault, runs: (.runs | length), failed: ([.runs[] | select(.problems != [])] | length)} + .median
  + {actuator_beyond_bare_seconds:
      (if .median.actuator_seconds == null then null
       else .median.actuator_seconds - .median.quorum_wait_seconds - .median.bare_promotion_seconds end)}' "$report"
exit "$status"
