#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# underpin-at-boot.sh [NAMESPACE]: puts in force what this node knew last, before the kubelet starts the first pod; with the
# image of the agent that ran last, as containerd has it. NAMESPACE is the release's (underpin), NODE_NAME the node's
# name in the cluster (its host name).
set -eu
# Mounts are of this script only, and go with it.
[ -n "${OWN_MOUNTS:-}" ] || OWN_MOUNTS=1 exec unshare --mount "$0" "$@"

k8s() { ctr --namespace k8s.io "$@"; }
agent="labels.\"io.kubernetes.pod.namespace\"==${1:-underpin},labels.\"io.kubernetes.container.name\"==agent"
image=$(k8s containers ls "$agent" | awk 'NR > 1 { image = $2 } END { print image }')
if [ -z "$image" ]; then
  echo 'underpin-at-boot: no agent has run on this node yet, so nothing is put in force'
  exit 0
fi

root=/run/underpin-at-boot
mkdir -p "$root" /run/underpin /var/lib/underpin
k8s snapshots rm "$root" 2>/dev/null || : # of a start that ended half-way
trap 'umount -R "$root" && k8s snapshots rm "$root"' EXIT
k8s images mount --rw "$image" "$root" >/dev/null
for folder in /proc /sys /dev /boot /run/underpin /run/systemd/resolve /var/lib/underpin; do
  [ -d "$folder" ] || continue
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
mount -t tmpfs tmpfs "$root/tmp"
chroot "$root" /usr/bin/env "NODE_NAME=${NODE_NAME:-$(hostname)}" /usr/bin/underpin agent --at-boot
