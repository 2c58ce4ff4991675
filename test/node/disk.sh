#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# disk.sh OUT FILES IMAGE: makes the disk of a node, in the file OUT: containerd's folder, with the images of the tests
# (FILES, as setup.sh made them) and the product's (IMAGE, as `npm run image` made it) already in it. containerd itself
# puts them there, on this machine, in folders and mounts of its own, since an emulated processor takes minutes for that.
set -euo pipefail
out=$1 files=$2 image=$3
[ -n "${DISK_MOUNTS:-}" ] || DISK_MOUNTS=own exec unshare --mount --propagation private "$0" "$@"

work=$(mktemp -d "$(dirname "$out")/disk.XXXXXX")
containerd=
stop() {
  [ -z "$containerd" ] || kill "$containerd" || :
  wait
  containerd=
}
trap 'stop; rm -rf "$work"' EXIT
mkdir -p "$work/disk/containerd"
cat >"$work/containerd.toml" <<CONF
version = 2
root = "$work/disk/containerd"
state = "$work/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$work/socket"
[ttrpc]
  address = "$work/ttrpc"
CONF
export PATH=$files/bin:$PATH CONTAINERD_ADDRESS=$work/socket
setpriv --pdeathsig TERM containerd -c "$work/containerd.toml" >"$work/log" 2>&1 &
containerd=$!
for ((i = 0; i < 600; i++)); do
  ctr version >/dev/null 2>&1 && break
  kill -0 "$containerd" 2>/dev/null || break
  sleep 0.1
done
ctr version >/dev/null || { cat "$work/log" >&2 && exit 1; }
for one in "$files"/images/*.tar "$image"; do ctr -n k8s.io image import "$one"; done
ctr image import "$files/images/tools.tar" # in the name space that `ctr run` uses
stop
truncate -s 4G "$work/made"
mke2fs -q -t ext4 -d "$work/disk" "$work/made"
mv "$work/made" "$out"
