#!/usr/bin/env bash
# Installs Prism (npm, tests/contract/package-lock.json) into build/prism, for the contract tests. Does nothing when what
# is there came of the same lock file. Where it cannot be installed the tests skip themselves, so that is no failure here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=tests/contract/package-lock.json
folder=build/prism
if cmp --silent "$lock" "$folder/installed.lock.json"; then exit 0; fi
if ! { command -v node && command -v npm; } >/dev/null; then
  echo "prism: node or npm is not there; the contract tests will be skipped" >&2
  exit 0
fi
mkdir -p "$folder"
cp tests/contract/package.json "$lock" "$folder"
# No install script of a package is run.
if ! (cd "$folder" && timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null); then
  echo "prism: npm ci failed; the contract tests will be skipped" >&2
  exit 0
fi
cp "$lock" "$folder/installed.lock.json"
