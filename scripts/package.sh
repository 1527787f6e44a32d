#!/usr/bin/env bash
# Builds the release and makes the Debian packages of it: build/release/packages/*.deb.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

scripts/install-packages.sh
cmake --preset release --log-level=WARNING
cmake --build --preset release --parallel "${JOBS:-$(nproc)}"
cpack --preset release
