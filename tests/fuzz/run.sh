#!/usr/bin/env bash
# Builds the fuzzers (preset fuzz: clang, libFuzzer, AddressSanitizer, UndefinedBehaviorSanitizer) and runs them.
#
#   tests/fuzz/run.sh                     every fuzzer for 60 seconds
#   tests/fuzz/run.sh --seconds 600 json  one of them for longer; what it learned is kept in build/fuzz/corpus/json
#   tests/fuzz/run.sh --runs 20000 lsn    a bounded number of inputs from a fixed seed, nothing kept: the tests do this
#   tests/fuzz/run.sh --build             only build
#
# An input that breaks a claim is kept as build/fuzz/broken/<fuzzer>-crash-...; give it to the fuzzer as an argument to
# see it again, and add it to tests/fuzz/corpus/<fuzzer>/ together with the fix. JOBS: how much is built at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=60
runs=
build_only=
while [[ ${1:-} == --* ]]; do
  case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --build) build_only=yes; shift ;;
    *) echo "usage: tests/fuzz/run.sh [--build] [--seconds N | --runs N] [fuzzer...]" >&2; exit 2 ;;
  esac
done

out=build/fuzz
if [ -z "$runs" ]; then  # the tests have built before
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
  cmake --preset fuzz --log-level=WARNING >/dev/null
  nice cmake --build --preset fuzz --parallel "${JOBS:-$(nproc)}"
fi
[ -z "$build_only" ] || exit 0

fuzzers=("$@")
if [ ${#fuzzers[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cc; do
    name=${source##*/}
    fuzzers+=("${name%_fuzz.cc}")
  done
fi

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:detect_leaks=1:allocator_may_return_null=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
mkdir -p "$out/broken"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0
for name in "${fuzzers[@]}"; do
  seeds=tests/fuzz/corpus/$name
  [ -d "$seeds" ] || { echo "there is no fuzzer $name" >&2; exit 2; }
  # The first folder is where new inputs go: never the seeds.
  if [ -n "$runs" ]; then
    folders=("$scratch" "$seeds")
    limits=(-runs="$runs" -seed=1)
  else
    mkdir -p "$out/corpus/$name"
    folders=("$out/corpus/$name" "$seeds")
    limits=(-max_total_time="$seconds")
  fi
  dictionary=tests/fuzz/$name.dict
  [ ! -f "$dictionary" ] || limits+=(-dict="$dictionary")
  echo "== $name"
  "$out/tests/fuzz/${name}_fuzz" "${limits[@]}" -timeout=20 -rss_limit_mb=1024 -max_len=8192 -reload=0 \
    -print_final_stats=1 -artifact_prefix="$out/broken/$name-" "${folders[@]}" >"$scratch.log" 2>&1 || {
    status=1
    tail -60 "$scratch.log"
  }
  grep -E '^(stat::number_of_executed_units|stat::average_exec_per_sec|stat::peak_rss_mb|broken:)|cov: .* DONE|#.*DONE' "$scratch.log" || true
  rm -rf "${scratch:?}"/* "$scratch.log"
done
exit "$status"
