#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh [CACHE_DIR]
# Makes ready the container runtimes that the runtime tests start: runc and crun of Debian (unpacked, not installed), and a
# newer runc that is built from the Go module proxy, since that one starts processes directly inside of a container's
# cgroup. What is there is kept. Prints the folder: runc, crun, runc-new, busybox, and lib for LD_LIBRARY_PATH.
# Exit status 3: this machine cannot get them, and the reason was told.
set -euo pipefail

new_runc=1.5.2
go=1.26.8 # only where no Go of that series or a newer one is installed

cache=${1:-${UNDERPIN_CACHE:-/var/cache/underpin}/runtimes}
kept=$cache/kept
stamp=$(sha256sum <"$0")
is_made() { [ "$(cat "$kept/made" 2>/dev/null)" = "$stamp" ]; }
if is_made; then
  echo "$kept"
  exit 0
fi

fail() {
  echo "runtimes set-up: $1" >&2
  exit 3
}
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || fail "cannot write to $cache (set UNDERPIN_CACHE to a folder of yours)"
exec 9>"$cache/lock"
flock 9 # a second run waits for the first and then finds everything made
if is_made; then
  echo "$kept"
  exit 0
fi
log=$cache/setup.log
: >"$log"
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

# step WHAT COMMAND…
step() {
  echo "runtimes set-up: $1" >&2
  shift
  "$@" >>"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    fail "\"$*\" failed (the lines above are its last ones, all of them are in $log)"
  }
}

# --- packages -------------------------------------------------------------------------------------------------------

command -v apt-get >/dev/null || fail 'found no apt-get, expected Debian (run it in such a container)'
compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || step 'package lists' apt-get update -q

# unpack INTO PACKAGE…
unpack() {
  local into=$1 deb
  shift
  mkdir -p "$work/debs"
  (cd "$work/debs" && apt-get download -q -o APT::Sandbox::User=root "$@")
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$into"; done
  rm -rf "$work/debs"
}
step 'runc and crun' unpack "$work/x" runc crun busybox-static libyajl2 libseccomp2 libseccomp-dev

# --- a newer runc ---------------------------------------------------------------------------------------------------

at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
version_of_go() { { "$1" version 2>/dev/null || true; } | sed -nE 's/^go version go([0-9.]+).*/\1/p'; }

# Everything that Go reads and writes stays below the work folder, and settings of this machine's user do not count but
# for where modules come from.
proxy=$(go env GOPROXY 2>/dev/null || true)
export GOPROXY=${GOPROXY:-${proxy:-https://proxy.golang.org,direct}}
export GOENV=off GOFLAGS='-buildvcs=false -modcacherw' GOTOOLCHAIN=local GOPATH=$work/go GOMODCACHE=$work/modules GOCACHE=$work/built
program=go
found=$(version_of_go go)
if [ -z "$found" ]; then
  step 'an older Go, to fetch the one needed' unpack "$work/x" golang-1.19-go
  program=$work/x/usr/lib/go-1.19/bin/go GOROOT=$work/x/usr/lib/go-1.19
  export GOROOT
  found=1.19
fi
if ! at_least "${go%.*}" "$found"; then
  toolchain=golang.org/toolchain@v0.0.1-go$go.linux-$(dpkg --print-architecture)
  step "Go $go" "$program" mod download "$toolchain"
  program=$GOMODCACHE/$toolchain/bin/go
  unset GOROOT
  chmod +x "${program%/*}"/* "$GOMODCACHE/$toolchain"/pkg/tool/*/* # modules carry no permissions
fi
compiler=$(command -v gcc clang-19 clang | head -n 1)
[ -n "$compiler" ] || fail 'found no C compiler, expected gcc or clang (apt-get install gcc libc6-dev)'
export CC=$compiler CGO_ENABLED=1 GOBIN=$work/bin
# Whoever starts pods asks for system-call filters, which are compiled against that library. Its compiler flags are these,
# and nothing else is asked for.
cat >"$work/pkg-config" <<ASKED
#!/bin/sh
case "\$*" in
  *--cflags*) echo "-I$work/x/usr/include" ;;
  *--libs*) echo "-L$(dirname "$(find "$work/x" -name libseccomp.so)") -lseccomp" ;;
esac
ASKED
chmod +x "$work/pkg-config"
export PKG_CONFIG=$work/pkg-config
step "runc $new_runc" "$program" install -trimpath -tags seccomp -ldflags "-s -w -X main.version=$new_runc" "github.com/opencontainers/runc@v$new_runc"

# --- the folder -----------------------------------------------------------------------------------------------------

mkdir -p "$work/kept/lib"
cp "$work/x/usr/sbin/runc" "$work/kept/runc"
cp "$work/x/usr/bin/crun" "$work/kept/crun"
cp "$work/x/bin/busybox" "$work/kept/busybox"
cp "$work/bin/runc" "$work/kept/runc-new"
find "$work/x" -name 'libyajl.so.2' -exec cp -L {} "$work/kept/lib" \;
find "$work/x" -name 'libseccomp.so.2' -exec cp -L {} "$work/kept/lib" \;
echo "$stamp" >"$work/kept/made"
rm -rf "$kept"
mv "$work/kept" "$kept"
echo "$kept"
