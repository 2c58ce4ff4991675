#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# underpin-at-boot.sh [NAMESPACE]: puts in force what this node knew last, before the kubelet starts the first pod; with the
# image of the agent that ran last, as containerd has it. NAMESPACE is the release's (underpin), NODE_NAME the node's
# name in the cluster (its host name).
set -eu
agent="labels.\"io.kubernetes.pod.namespace\"==${1:-underpin},labels.\"io.kubernetes.container.name\"==agent"
image=$(ctr --namespace k8s.io containers ls "$agent" | awk 'NR > 1 { image = $2 } END { print image }')
if [ -z "$image" ]; then
  echo 'underpin-at-boot: no agent has run on this node yet, so nothing is put in force'
  exit 0
fi
mkdir -p /var/lib/underpin /run/underpin
# Nobody removes the container of a boot that ended half-way.
ctr --namespace k8s.io containers rm underpin-at-boot 2>/dev/null || :
exec ctr --namespace k8s.io run --rm --privileged --net-host --with-ns pid:/proc/1/ns/pid \
  --env "NODE_NAME=${NODE_NAME:-$(hostname)}" \
  --mount type=bind,src=/sys,dst=/sys,options=rbind:rw \
  --mount type=bind,src=/run,dst=/run,options=rbind:rw \
  --mount type=bind,src=/boot,dst=/boot,options=rbind:ro \
  --mount type=bind,src=/var/lib/underpin,dst=/var/lib/underpin,options=bind:rw \
  --mount type=tmpfs,src=tmpfs,dst=/tmp,options=rw \
  "$image" underpin-at-boot /usr/bin/underpin agent --at-boot
