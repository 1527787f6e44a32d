#!/usr/bin/env bash
# Installs what is missing, configures, builds, and runs the tests.
#
#   tests/run.sh                 everything, in build/dev
#   tests/run.sh asan | tsan     what is worth it under the sanitizers: unit, simulation, and the integration tests
#                                marked SANITIZE in their CMakeLists
#   tests/run.sh dev -R Journal  anything after the preset goes to ctest
#
# JOBS sets how much runs at once (default: the number of processors).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-dev}
[ $# -eq 0 ] || shift
case $preset in
  dev) selection=() ;;
  asan | tsan) selection=(-L 'unit|simulation|sanitize') ;;
  *)
    echo "usage: tests/run.sh [dev|asan|tsan] [ctest argument...]" >&2
    exit 2
    ;;
esac
jobs=${JOBS:-$(nproc)}
# Servers and tools of the network stand there, where the PATH of a user who is not root does not look.
export PATH=$PATH:/usr/sbin:/sbin
# With ccache, another checkout of the same sources compiles nothing again.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

scripts/install-packages.sh
scripts/install-prism.sh
echo "== $preset: configure and build"
cmake --preset "$preset" --log-level=WARNING
cmake --build --preset "$preset" --parallel "$jobs"

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:check_initialization_order=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp}
run=()
# ThreadSanitizer of g++ 12 cannot place its shadow under the widest address randomisation of newer kernels.
if [ "$preset" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then run=(setarch "$(uname -m)" -R); fi

echo "== $preset: test"
exec "${run[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel "$jobs" \
  "${selection[@]}" "$@"
