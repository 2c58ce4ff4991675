#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh [PROGRAM...]
# Makes ready what tests of a cluster start: etcd and kube-apiserver, or the programs that are named, of which it knows
# etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl and helm. Where KUBEBUILDER_ASSETS names
# a folder with all of them, nothing is done. Otherwise they are built or fetched once below the cache (UNDERPIN_CACHE)
# and kept; the compiler, the sources and what it compiled are removed again. Nothing is installed. Prints the folder;
# what it does goes to standard error. Exit status 3: this machine cannot get them, and the reason was told.
set -euo pipefail

kubernetes=1.36.3
helm=3.22.0
etcd=3.6.8       # only where no package has it
go=1.26.8        # only where no Go of that series is installed
oldest_etcd=3.4  # kube-apiserver talks to it

[ $# -gt 0 ] || set -- etcd kube-apiserver
for program; do
  case $program in
    etcd | kube-apiserver | kube-controller-manager | kube-scheduler | kubelet | kubectl | helm) ;;
    *) echo "cluster set-up: found \"$program\", expected the name of a program that it knows" >&2 && exit 2 ;;
  esac
done

# all_in FOLDER PROGRAM...
all_in() {
  local folder=$1 program
  shift
  for program; do [ -x "$folder/$program" ] || return 1; done
}

assets=${KUBEBUILDER_ASSETS:-}
if [ -n "$assets" ]; then
  ! all_in "$assets" "$@" || { echo "$assets"; exit 0; }
  # What a folder of test binaries usually has must be in it; anything else is made below.
  for program; do
    case $program in
      etcd | kube-apiserver)
        echo "cluster set-up: found KUBEBUILDER_ASSETS=$assets, expected kube-apiserver and etcd in it" >&2
        exit 3
        ;;
    esac
  done
fi

# Without root there is a cache of one's own.
shared=/var/cache/underpin
[ "$(id -u)" = 0 ] || [ -w "$shared" ] || shared=${XDG_CACHE_HOME:-$HOME/.cache}/underpin
cache=${UNDERPIN_CACHE:-$shared}/cluster
kept=$cache/$kubernetes
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || {
  echo "cluster set-up: cannot write to $cache (set UNDERPIN_CACHE to a folder of yours)" >&2
  exit 3
}
# One that has everything may be used while others are made.
! all_in "$kept" "$@" || { echo "$kept"; exit 0; }
exec 9>"$cache/lock"
flock 9 # a second run waits for the first and then finds everything made
! all_in "$kept" "$@" || { echo "$kept"; exit 0; }

# --- what a person sees ---------------------------------------------------------------------------------------------

log=$cache/setup.log
: >"$log"
echo "Setting up the cluster tests (details: $log)" >&2

# step NAME WHAT COMMAND...: in a shell of its own, which ends at the first command that fails.
step() {
  printf '  %-10s %-62s' "$1" "$2" >&2
  shift 2
  local began=$SECONDS status
  set +e
  (
    set -e
    "$@"
  ) >>"$log" 2>&1 </dev/null
  status=$?
  set -e
  if [ "$status" != 0 ]; then
    printf ' failed\n\n' >&2
    tail -n 20 "$log" >&2
    fail "\"$*\" failed with status $status (the lines above are its last ones, all of them are in $log)"
  fi
  printf '%5d s\n' $((SECONDS - began)) >&2
}

fail() {
  echo "cluster set-up: $1" >&2
  exit 3
}

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
bin=$work/bin
mkdir -p "$bin"

# --- packages, unpacked and not installed ---------------------------------------------------------------------------

offered() {
  command -v apt-cache >/dev/null || return 1
  [[ $(apt-cache show --no-all-versions "$1" 2>/dev/null || true) == "Package: $1"* ]]
}

# unpack PACKAGE INTO
unpack() {
  mkdir -p "$work/debs" "$2"
  (cd "$work/debs" && apt-get download -q -o APT::Sandbox::User=root "$1")
  dpkg -x "$work"/debs/*.deb "$2"
  rm -rf "$work/debs"
}

lists() {
  command -v apt-get >/dev/null || return 0
  compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || step apt 'update – this machine has no package lists yet' apt-get update -q
}

at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# --- Go -------------------------------------------------------------------------------------------------------------

version_of_go() { { "$1" version 2>/dev/null || true; } | sed -nE 's/^go version go([0-9.]+).*/\1/p'; }

# Everything that Go reads and writes stays below the work folder, and the settings of this machine's user do not count
# but for where modules come from.
export GOENV=off GOFLAGS='-buildvcs=false -modcacherw' GOTOOLCHAIN=local CGO_ENABLED=0
export GOPATH=$work/go GOMODCACHE=$work/modules GOCACHE=$work/built
proxy=$(GOENV='' go env GOPROXY 2>/dev/null || true)
export GOPROXY=${GOPROXY:-${proxy:-https://proxy.golang.org,direct}}

case $(uname -m) in
  x86_64) machine=amd64 ;;
  aarch64) machine=arm64 ;;
  *) machine=$(uname -m) ;;
esac
toolchain=$GOMODCACHE/golang.org/toolchain@v0.0.1-go$go.linux-$machine

# An older Go cannot compile it and can fetch, like any other module, the one that can.
fetch_toolchain() {
  go mod download "${toolchain#"$GOMODCACHE/"}"
  chmod +x "$toolchain"/bin/* "$toolchain"/pkg/tool/*/* # modules carry no permissions
}

ready_go() {
  [ -z "${go_is_ready:-}" ] || return 0
  go_is_ready=yes
  local found
  found=$(version_of_go go)
  if [ -z "$found" ]; then
    lists
    local package
    package=$({ apt-cache depends golang-go 2>/dev/null || true; } | sed -nE 's/^ *Depends: (golang-[0-9.]+-go)$/\1/p')
    [ -n "$package" ] || fail "no Go here and no package of it (install Go ${go%.*} or newer, or set KUBEBUILDER_ASSETS)"
    step go "$package – fetches the compiler" unpack "$package" "$work/debian"
    GOROOT=$(compgen -G "$work/debian/usr/lib/go-*" | head -n 1)
    export GOROOT PATH="$GOROOT/bin:$PATH"
    found=$(version_of_go go)
  fi
  if ! at_least "${go%.*}" "$found"; then
    step go "$go – the compiler" fetch_toolchain
    export GOROOT=$toolchain PATH="$toolchain/bin:$PATH"
  fi
}

# --- kube-apiserver -------------------------------------------------------------------------------------------------

# As a module it names its staging modules by paths that only its repository has; the same are published on their own.
prepare_kubernetes() {
  mkdir -p "$work/kubernetes" && cd "$work/kubernetes"
  go mod download "k8s.io/kubernetes@v$kubernetes"
  local source=$GOMODCACHE/k8s.io/kubernetes@v$kubernetes staged=v0.${kubernetes#1.}
  sed -E \
    -e "s|^module .*|module cluster\n\nrequire k8s.io/kubernetes v$kubernetes|" \
    -e "s|^\t(k8s.io/[^ ]+) => \./staging/.*|\t\1 => \1 $staged|" "$source/go.mod" >go.mod
  cat "$source/go.sum" >go.sum # its own sums; those of the staging modules are added
}

# build_kubernetes PROGRAM
build_kubernetes() {
  cd "$work/kubernetes"
  local minor=${kubernetes#1.} v=k8s.io/component-base/version
  go build -mod=mod -trimpath -o "$bin/$1" \
    -ldflags="-s -w -X $v.gitVersion=v$kubernetes -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*}" \
    "k8s.io/kubernetes/cmd/$1"
}

# As its own releases are built: without these, charts are told of a cluster of version 1.20 when none is asked.
build_helm() {
  local minor=${kubernetes#1.} set=helm.sh/helm/v3
  GOBIN=$bin go install -trimpath \
    -ldflags "-s -w -X $set/internal/version.version=v$helm \
      -X $set/pkg/chartutil.k8sVersionMajor=1 -X $set/pkg/chartutil.k8sVersionMinor=${minor%%.*} \
      -X $set/pkg/lint/rules.k8sVersionMajor=1 -X $set/pkg/lint/rules.k8sVersionMinor=${minor%%.*}" \
    "helm.sh/helm/v3/cmd/helm@v$helm"
}

# --- etcd -----------------------------------------------------------------------------------------------------------

# Its own go.mod has replace lines, so it can be required and not installed by name.
build_etcd() {
  mkdir -p "$work/etcd" && cd "$work/etcd"
  printf 'module cluster\n\ngo %s.0\n\nrequire go.etcd.io/etcd/server/v3 v%s\n' "${go%.*}" "$etcd" >go.mod
  printf '//go:build tools\n\npackage tools\n\nimport _ "go.etcd.io/etcd/server/v3"\n' >tools.go
  go mod tidy
  go build -trimpath -ldflags '-s -w' -o "$bin/etcd" go.etcd.io/etcd/server/v3
}

packaged_etcd() {
  unpack etcd-server "$work/etcd-server"
  at_least "$oldest_etcd" "$("$work/etcd-server/usr/bin/etcd" --version | sed -nE 's/^etcd Version: //p')"
  mv "$work/etcd-server/usr/bin/etcd" "$bin/etcd"
}

# --- in order -------------------------------------------------------------------------------------------------------

missing() {
  local program
  for program; do [ -x "$kept/$program" ] || echo "$program"; done
}

# Each is kept as soon as it is there: what was interrupted goes on.
keep() {
  mkdir -p "$kept"
  mv "$bin/$1" "$kept/$1"
}

lists
sources=
for program in $(missing "$@"); do
  case $program in
    etcd)
      if offered etcd-server && at_least "$oldest_etcd" "$(apt-cache show --no-all-versions etcd-server | sed -nE 's/^Version: ([0-9]+:)?//p')"; then
        step etcd 'the package etcd-server, unpacked' packaged_etcd
      else
        ready_go
        step etcd "$etcd – compiled" build_etcd
      fi
      ;;
    helm)
      ready_go
      step helm "$helm – compiled (2 to 3 minutes with 2 processors)" build_helm
      ;;
    *)
      ready_go
      [ -n "$sources" ] || step kubernetes "$kubernetes – sources" prepare_kubernetes
      sources=yes
      step kubernetes "$program – compiled (the first takes 3 to 6 minutes with 2 processors)" build_kubernetes "$program"
      ;;
  esac
  keep "$program"
done
echo "$kept"
