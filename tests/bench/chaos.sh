#!/usr/bin/env bash
# Breaks the lab at random, RUNS times (default 30), a fresh world each: SEED (default 1) says what, when and for how long.
# After each run the promises S1 to S8 and the clients' accounts are checked on the actuator's journal, the servers' own
# history and what the clients were told (examples/lab/farlab/invariants.py). One line of JSON on standard output, the
# rest on standard error; exit 1 when a promise was broken or a run could not be made. What was judged of such a run stays
# in build/lab/kept/SEED-N. FIRST=N begins with run N: SEED=1 FIRST=17 RUNS=1 plays the seventeenth again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seed=${SEED:-1}
runs=${RUNS:-30}
report=$root/build/lab/report.json

status=0
rm -f "$report"
"$root/examples/lab/run.sh" --chaos "$seed" --runs "$runs" --first "${FIRST:-1}" "$@" >&2 || status=$?
[ "$status" -ne 130 ] || exit 130
[ -s "$report" ] || { echo "no run was made" >&2; exit 1; }
jq --compact-output --arg seed "$seed" --argjson wanted "$runs" '
  {bench: "chaos", seed: $seed, wanted: $wanted, runs: (.runs | length),
   clean: ([.runs[] | select(.problems == [])] | length),
   violations: [.runs[] | select(.problems != []) | {run, story, problems}],
   endings: (reduce .runs[].outcome as $outcome ({}; .[$outcome] += 1)),
   acked: ([.runs[].acked_writes] | add), acked_lost: ([.runs[].acked_writes_lost] | add),
   worst_outage_s: ([.runs[].outage_seconds] | max)}' "$report"
exit "$status"
