#!/usr/bin/env bash
# Loses the primary's region on this machine and shows the service come back: installs the Debian packages that are
# missing, builds what the lab runs, then becomes lab.py. Options: examples/lab/run.sh --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

case " $* " in
  *" --help "* | *" -h "*) exec /usr/bin/python3 "$root/examples/lab/lab.py" --help ;;
esac

cd "$root"
scripts/install-packages.sh
echo "== build"
cmake --preset dev --log-level=WARNING >/dev/null
cmake --build --preset dev --parallel "${JOBS:-$(nproc)}" --target \
  farshore-exporter farshore-actuator farshorectl farshore-example-app
# Servers and tools of the network stand in sbin, where the PATH of an ordinary user does not look.
export PATH=$PATH:/usr/sbin:/sbin
# Namespaces and the user postgres need root; without it the lab falls back to 127.1/2/3.0.0/16 and says so.
as_root=()
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then as_root=(sudo); fi
exec "${as_root[@]}" /usr/bin/python3 examples/lab/lab.py "$@"
