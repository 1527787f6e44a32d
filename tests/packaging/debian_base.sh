#!/usr/bin/env bash
# usage: debian_base.sh FILE    makes FILE, a tar of a minimal Debian, unless it is there and younger than a week.
#
# The suite, the mirrors, their keys and a proxy are this machine's own, asked of apt. Exits 77 with one sentence when
# it cannot be done here: not root, no debootstrap, no mirror that answers. Everything is made on a tmpfs in a mount
# namespace of its own, so that nothing is left behind however this ends.
set -euo pipefail
file=$1

cannot() {
  echo "$1"
  exit 77
}

[ "$(id -u)" -eq 0 ] || cannot "a chroot needs root"
command -v debootstrap >/dev/null || cannot "debootstrap is not installed"
unshare --mount true 2>/dev/null || cannot "this host does not permit mount namespaces"
folder=$(dirname "$file")
mkdir -p -m 0700 "$folder"
# It is unpacked and run by root: nobody else may have put it there.
[ "$(stat -c %u "$folder")" = 0 ] && [ ! -L "$folder" ] || cannot "$folder does not belong to root"

# One at a time: two test runs of one machine share it.
exec 9>"$folder/lock"
flock 9
find "$folder" -maxdepth 1 -name "$(basename "$file")" -mtime +7 -delete
[ ! -s "$file" ] || exit 0

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# Lines of sources.list, of this suite (its updates and security included), in either of apt's formats.
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  grep -E "/debian(-security)?/? $suite(-updates|-security)? " | sort -u)
main=$(grep -E " $suite main$" <<<"$sources" | head -1)
mirror=$(grep -oE 'https?://[^ ]+' <<<"$main" | head -1)
[ -n "$mirror" ] || cannot "apt knows no mirror of Debian's $suite"
answer=$(mktemp)
trap 'rm -f "$answer" "$file.new"' EXIT
/usr/lib/apt/apt-helper -o Acquire::http::Timeout=20 -o Acquire::Retries=1 -q download-file \
  "${mirror%/}/dists/$suite/Release" "$answer" >/dev/null 2>&1 || cannot "the mirror of $suite does not answer"
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export http_proxy https_proxy

export suite mirror sources file
unshare --mount --propagation private bash -euo pipefail <<'INSIDE'
root=/mnt
mount -t tmpfs -o mode=0755 tmpfs "$root"
debootstrap --variant=minbase "$suite" "$root" "$mirror" >/dev/null
echo "$sources" >"$root/etc/apt/sources.list"
apt-config dump --format '%F "%v";%n' Acquire::http::Proxy Acquire::https::Proxy >"$root/etc/apt/apt.conf.d/proxy"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
chroot "$root" apt-get -qq -o Acquire::Languages=none update
tar --create --file "$file.new" --directory "$root" --one-file-system --numeric-owner .
INSIDE
mv "$file.new" "$file"
