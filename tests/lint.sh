#!/usr/bin/env bash
# The form of the code: clang-format and clang-tidy over C++, syntax of every shell and Python file.
#
#   tests/lint.sh           check everything (needs a configured build/dev; the first clang-tidy takes minutes,
#                           later ones only look at what changed)
#   tests/lint.sh --fix     format in place first
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${BUILD:-build/dev}
failed=0

list() {
  # From git where there is one, so that build folders and caches are left out.
  if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
  else
    for pattern in "$@"; do find . -path ./build -prune -o -name "${pattern##*/}" -type f -print; done
  fi
}

mapfile -t cxx < <(list '*.h' '*.cc')
[ "${1:-}" != --fix ] || clang-format-19 -i "${cxx[@]}"
if clang-format-19 --dry-run -Werror "${cxx[@]}"; then
  echo "clang-format: ${#cxx[@]} files are clean"
else
  echo "clang-format: run tests/lint.sh --fix" >&2
  failed=1
fi

while read -r file; do
  bash -n "$file" || failed=1
done < <(list '*.sh'; list '.ci/run')
while read -r file; do
  /usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || failed=1
done < <(list '*.py')

if [ ! -f "$build/compile_commands.json" ]; then cmake --preset dev --log-level=WARNING || failed=1; fi
/usr/bin/python3 scripts/tidy.py --build "$build" || failed=1

if [ "$failed" -ne 0 ]; then
  echo "lint: FAILED" >&2
  exit 1
fi
echo "lint: clean"
