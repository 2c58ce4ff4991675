#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh [SERIES...]
# Makes ready what a whole node is made of: the guest's kernels (6.12 if none is named), the container runtimes, the
# cluster's programs, and here containerd with the network plugins (unpacked from Debian, not installed) and the images
# of the tests, made without a registry. What is there is kept, below ${UNDERPIN_CACHE:-/var/cache/underpin}. Prints the
# folders as lines NAME=FOLDER; what it does goes to standard error. Exit status 3: this machine cannot get them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${UNDERPIN_CACHE:-/var/cache/underpin}
[ $# -gt 0 ] || set -- 6.12

"$here/../guest/setup.sh" "$cache/guest" "$@" >&2
runtimes=$("$here/../runtimes/setup.sh")
cluster=$("$here/../cluster/setup.sh" etcd kube-apiserver kube-controller-manager kubelet kubectl helm)

stamp=$(cat "$here/setup.sh" "$here"/programs/* | sha256sum | cut -c1-16)
kept=$cache/node/$stamp
answer() {
  printf '%s=%s\n' guest "$cache/guest" runtimes "$runtimes" cluster "$cluster" node "$kept"
  exit 0
}
fail() {
  echo "node set-up: $1" >&2
  exit 3
}
[ ! -e "$kept/made" ] || answer
mkdir -p "$cache/node" 2>/dev/null && [ -w "$cache/node" ] || fail "cannot write to $cache (set UNDERPIN_CACHE to a folder of yours)"
exec 9>"$cache/node/lock"
flock 9 # a second run waits for the first and then finds everything made
[ ! -e "$kept/made" ] || answer
work=$(mktemp -d "$cache/node/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo 'node set-up: containerd and network plugins' >&2
command -v apt-get >/dev/null || fail 'found no apt-get, expected Debian (run it in such a container)'
compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt-get update -q >&2
mkdir "$work/debs"
(cd "$work/debs" && apt-get download -q -o APT::Sandbox::User=root containerd containernetworking-plugins >&2) ||
  fail 'cannot download containerd and containernetworking-plugins'
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/x"; done
mkdir -p "$work/kept"/{bin,cni,images}
cp "$work"/x/usr/bin/{containerd,containerd-shim-runc-v2,ctr} "$work/kept/bin/"
cp "$work"/x/usr/lib/cni/{ptp,host-local,loopback,portmap} "$work/kept/cni/"

# --- images -----------------------------------------------------------------------------------------------------------

echo 'node set-up: images' >&2
compiler=$(command -v gcc clang-19 clang | head -n 1)
[ -n "$compiler" ] || fail 'found no C compiler, expected gcc or clang (apt-get install gcc libc6-dev)'

digest() { sha256sum "$1" | cut -d' ' -f1; }

# image NAME FOLDER STARTED [REFERENCE]: an archive as `docker save` writes it, of one layer
image() {
  local made=$work/image-$1 file
  mkdir "$made"
  tar -C "$2" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$made/layer.tar" .
  printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$3" "$(digest "$made/layer.tar")" >"$made/config.json"
  file=$(digest "$made/config.json").json
  mv "$made/config.json" "$made/$file"
  printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$file" "${4:-test.underpin.dev/$1:1}" >"$made/manifest.json"
  tar -C "$made" -cf "$work/kept/images/$1.tar" .
}

mkdir -p "$work"/{pause,tools/{bin,tmp,etc,opt}}
"$compiler" -static -Os -s -o "$work/pause/pause" "$here/programs/pause.c"
image pause "$work/pause" '"Cmd":["/pause"]'
mkdir -p "$work/sidecar/usr/local/bin"
"$compiler" -static -Os -s -o "$work/sidecar/usr/local/bin/pilot-agent" "$here/programs/sidecar.c"
image sidecar "$work/sidecar" '"Entrypoint":["/usr/local/bin/pilot-agent"]' docker.io/istio/proxyv2:1.27.1
"$compiler" -static -Os -s -o "$work/tools/opt/miner" "$here/programs/miner.c"
cp "$runtimes/busybox" "$work/tools/bin/sh"
# Every program is a name of its own, so that policy can tell them apart by path.
for program in sleep cat ls ps id true mkdir cp chmod nc wget httpd env date echo touch; do
  ln "$work/tools/bin/sh" "$work/tools/bin/$program"
done
ln "$work/tools/bin/sh" "$work/tools/tmp/first" # for where nothing may run
echo 'root:x:0:0:root:/:/bin/sh' >"$work/tools/etc/passwd"
image tools "$work/tools" '"Cmd":["/bin/sh"]'

touch "$work/kept/made"
mv "$work/kept" "$kept"
answer
