#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh [CACHE_DIR [SERIES...]]
# Makes ready what boot.sh needs: QEMU, virtiofsd, busybox and one Debian kernel of each series ("6.12", "5.10"; a
# longer prefix such as "6.1.0" is read as its series). Nothing is installed: packages are downloaded from the mirror
# that this machine's apt uses, with lists of their own, and unpacked below CACHE_DIR. What is there already is kept.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${1:-${UNDERPIN_CACHE:-/var/cache/underpin}/guest}
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- 6.12

# Inserted at boot, each with what it depends on; one that is built into a kernel, or unknown to it, is passed over.
modules='crc32c_generic virtio_pci virtio_rng virtiofs virtio_net virtio_blk ext4 overlay veth sctp
nf_tables nft_chain_nat nft_counter nft_nat nft_redir nft_ct nft_compat xt_nat xt_tcpudp xt_REDIRECT xt_owner ip_vs ip_vs_rr'

fail() { echo "guest setup: $*" >&2; exit 1; }

# --- what is missing -------------------------------------------------------------------------------------------------

series_of() {
  [[ $1 =~ ^([0-9]+)\.([0-9]+)(\.|$) ]] || fail "found \"$1\", expected a kernel series such as \"6.12\""
  echo "${BASH_REMATCH[1]}.${BASH_REMATCH[2]}"
}

is_made() { [ "$(cat "$1/made" 2>/dev/null)" = "$stamp" ]; }

mkdir -p "$cache/kernels"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/lock"
flock 9 # a second run waits for the first and then finds everything made

stamp=$(cat "$here/setup.sh" "$here/init.sh" | sha256sum)
missing=()
for argument; do
  series=$(series_of "$argument")
  is_made "$cache/kernels/$series" || missing+=("$series")
done
if is_made "$cache/tools" && [ ${#missing[@]} = 0 ]; then exit 0; fi

# --- an apt of our own -----------------------------------------------------------------------------------------------

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$ID $VERSION_ID $(dpkg --print-architecture)")
[ "$release" = 'debian 12 amd64' ] || fail "found \"$release\", expected Debian 12 on amd64 (run it in such a container)"

# The folder of a suite's mirror as apt understands its own configuration, whichever format that is in.
mirror_of() { apt-get update --print-uris | sed -nE "s|^'(.*)/dists/$1/InRelease'.*|\1|p" | tail -n 1; }
mirror=$(mirror_of bookworm)
security=$(mirror_of bookworm-security)
for uri in "$mirror" "$security"; do
  [ -n "$uri" ] || fail 'apt lacks the suite bookworm or bookworm-security (add both to /etc/apt/sources.list.d)'
done

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

suites='bookworm bookworm-updates' security_suites=bookworm-security
for series in "${missing[@]}"; do
  case $series in
    6.1 | 6.12) ;;
    5.10) security_suites='bullseye-security bookworm-security' ;;
    *) suites='bookworm bookworm-updates trixie-backports' ;;
  esac
done

source_of() {
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$2"
  printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
}
{ source_of "$mirror" "$suites"; source_of "$security" "$security_suites"; } >"$work/apt.sources"

# Of the machine's settings only those about fetching (proxies, certificates) are kept, none of its hooks and pins.
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/none"
touch "$work/status" # nothing counts as installed, so that the tools depend on nothing of this machine
{
  apt-config dump | grep '^Acquire::' || true
  cat <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$work/none";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$work/none";
Dir::Etc::sourcelist "$work/apt.sources";
Dir::Etc::sourceparts "$work/none";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::State::extended_states "$work/extended_states";
Dir::Cache "$work/cache";
APT::Default-Release "bookworm";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
} >"$work/apt.conf"
export APT_CONFIG=$work/apt.conf
apt-get update -qq || fail 'apt-get update failed (see above)'

# Unpacks packages into a folder.
unpack() {
  local into=$1 deb
  shift
  mkdir -p "$work/debs" "$into"
  (cd "$work/debs" && apt-get download -qq "$@") || fail "cannot download $*"
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$into"; done
  rm -rf "$work/debs"
}

# Puts a finished folder in its place.
keep() {
  echo "$stamp" >"$1/made"
  rm -rf "$2"
  mv "$1" "$2"
}

# --- tools -----------------------------------------------------------------------------------------------------------

if ! is_made "$cache/tools"; then
  echo 'guest setup: QEMU'
  closure=$(apt-get install -s --no-install-recommends qemu-system-x86 busybox-static | awk '/^Inst/ { print $2 }')
  # shellcheck disable=SC2086 # a list of package names
  unpack "$work/tools" $closure
  rm -rf "$work"/tools/usr/{libexec,share/doc,share/locale,share/man} # half of it
  keep "$work/tools" "$cache/tools"
fi
busybox=$cache/tools/bin/busybox

# --- kernels ---------------------------------------------------------------------------------------------------------

# A pinned version disappears from a mirror sooner or later, so the newest of the series is taken.
newest() {
  apt-cache pkgnames "linux-image-$1." |
    { grep -E -- '[0-9](-[0-9]+|\+deb[0-9]+)-cloud-amd64$' || true; } | sort -V | tail -n 1
}

# Copies a module, and first those that it depends on, into the initramfs, and notes the order.
add_module() {
  local line file name
  line=$(grep -E -m 1 "(^|/)${1//[-_]/[-_]}\.ko(\.xz)?:" modules.dep) || return 0
  for file in $(tr ' ' '\n' <<<"${line#*:}" | tac) "${line%%:*}"; do
    name=$(basename "${file%.xz}")
    if grep -qxF "$name" "$initramfs/modules/order"; then continue; fi
    case $file in
      *.xz) "$busybox" xzcat "$file" >"$initramfs/modules/$name" ;;
      *) cp "$file" "$initramfs/modules/$name" ;;
    esac
    echo "$name" >>"$initramfs/modules/order"
  done
}

for series in "${missing[@]}"; do
  package=$(newest "$series")
  [ -n "$package" ] || fail "no kernel of series \"$series\" in the suites $suites $security_suites"
  version=${package#linux-image-}
  echo "guest setup: kernel $version"
  packages=$package # from 7.x on it only refers to two others
  case $(apt-cache depends "$package") in *"linux-binary-$version"*) packages="linux-binary-$version linux-modules-$version" ;; esac
  # shellcheck disable=SC2086 # a list of package names
  unpack "$work/kernel" $packages

  made=$work/made
  initramfs=$work/initramfs
  mkdir -p "$made" "$initramfs"/{bin,proc,sys,dev,modules,share,layers,root}
  find "$work/kernel" -type f -name 'vmlinuz*' -exec mv {} "$made/vmlinuz" \;
  folder=$(find "$work/kernel" -type d -path "*/lib/modules/$version" -print -prune)
  touch "$initramfs/modules/order"
  (
    cd "$folder"
    "$busybox" depmod -b "${folder%/lib/modules/*}" "$version"
    for module in $modules; do add_module "$module"; done
  )
  cp "$busybox" "$initramfs/bin/busybox"
  cp "$here/init.sh" "$initramfs/init"
  chmod 755 "$initramfs/init"
  (cd "$initramfs" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$made/initramfs"
  rm -rf "$initramfs" "$work/kernel"
  keep "$made" "$cache/kernels/$series"
done
