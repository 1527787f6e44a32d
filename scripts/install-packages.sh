#!/usr/bin/env bash
# Installs the Debian packages of scripts/packages.txt that are missing, as root or through sudo.
#
# Debian's server packages start themselves when they are installed. While this runs, a policy-rc.d forbids that and
# createcluster.conf keeps PostgreSQL from making a cluster; both are put back as they were, and the services of
# packages that were new are not enabled either. Nothing is touched when everything is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' scripts/packages.txt)
# Whatever node is there will do; Debian's would stand beside it or replace it.
if ! { command -v node && command -v npm; } >/dev/null; then wanted+=(nodejs npm); fi
mapfile -t present < <(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
  sed -n 's/^installed //p' | sort -u)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(printf '%s\n' "${present[@]}"))
if [ "${#missing[@]}" -eq 0 ]; then
  echo "packages: all ${#wanted[@]} are installed"
  exit 0
fi
echo "packages: installing ${#missing[@]} of ${#wanted[@]}: ${missing[*]}"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "packages: run me as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
kept=$(mktemp -d)

put_back() {
  if [ -e "$kept/policy" ]; then "${as_root[@]}" cp -p "$kept/policy" "$policy"; else "${as_root[@]}" rm -f "$policy"; fi
  if [ -e "$kept/clusters" ]; then
    "${as_root[@]}" cp -p "$kept/clusters" "$clusters"
    "${as_root[@]}" rm -f "$clusters.dpkg-dist"
  elif [ -e "$clusters.dpkg-dist" ]; then
    "${as_root[@]}" mv "$clusters.dpkg-dist" "$clusters"  # the package's own, which ours stood in for
  else
    "${as_root[@]}" rm -f "$clusters"
  fi
  rm -rf "$kept"
}

[ ! -e "$policy" ] || cp -p "$policy" "$kept/policy"
[ ! -e "$clusters" ] || cp -p "$clusters" "$kept/clusters"
trap put_back EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
"${as_root[@]}" chmod 755 "$policy"
"${as_root[@]}" mkdir -p "$(dirname "$clusters")"
echo 'create_main_cluster = false' | "${as_root[@]}" tee "$clusters" >/dev/null

apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"

# Not started now must also mean not started at the next boot.
declare -A unit_of=([postgresql-15]=postgresql [prometheus]=prometheus [prometheus-alertmanager]=prometheus-alertmanager
  [pdns-server]=pdns [bind9]=named [knot]=knot [nftables]=nftables [haproxy]=haproxy [openssh-server]=ssh [rsync]=rsync
  [pgbouncer]=pgbouncer
  [prometheus-postgres-exporter]=prometheus-postgres-exporter)
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    [ -z "${unit_of[$package]:-}" ] || "${as_root[@]}" systemctl --quiet disable "${unit_of[$package]}" || true
  done
fi
echo "packages: done; no service was started"
