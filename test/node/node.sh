#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# node.sh: makes a guest (test/guest/boot.sh with a card and the disk of disk.sh) a node of the cluster at 10.0.2.2: network, containerd
# and kubelet, all that they keep on the disk, so that it is there again after the next boot. Then it runs the commands
# that come over port 9999, one shell for each connection, until one of them makes /run/node/off.
#   NODE_FILES, NODE_RUNTIMES, NODE_CLUSTER   folders, as setup.sh names them
#   NODE_KUBECONFIG                           the kubelet's
#   NODE_RUNTIME                              runc, runc-new or crun
#   NODE_SLOWER                               everything may take that many times as long
set -uo pipefail
busybox=/run/guest/busybox
disk=/var/lib/node
began=$(cut -d' ' -f1 /proc/uptime)

say() { echo "[$(cut -d' ' -f1 /proc/uptime)] $*" | tee -a /run/node/log; }
fail() {
  say "failed: $*"
  tail -n 30 /run/node/*.log
  exit 1
}

# until_it SECONDS COMMAND…
until_it() {
  local end=$((SECONDS + $1 * ${NODE_SLOWER:-1}))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "not within its time: $*"
    sleep 0.3
  done
}

mkdir -p /run/node "$disk"
mount -t ext4 /dev/vda "$disk" || fail 'the disk'
mount --make-rshared /
mkdir -p "$disk"/{kubelet,manifests,containerd,logs,underpin} /etc/cni/net.d /run/containerd /var/lib/underpin
mount --bind "$disk/underpin" /var/lib/underpin # where the agent keeps what it knew last

# --- network --------------------------------------------------------------------------------------------------------

$busybox ip link set eth0 up
$busybox ip addr add 10.0.2.15/24 dev eth0
$busybox ip route add default via 10.0.2.2
echo 1 >/proc/sys/net/ipv4/ip_forward
$busybox hostname node-1
printf 'nameserver 10.0.2.2\n' >/etc/resolv.conf
cat >/etc/cni/net.d/10-pods.conflist <<CONF
{ "cniVersion": "0.4.0", "name": "pods", "plugins": [{ "type": "ptp", "ipMasq": false, "ipam": {
  "type": "host-local", "dataDir": "/run/node/addresses", "ranges": [[{ "subnet": "10.244.0.0/24" }]],
  "routes": [{ "dst": "0.0.0.0/0" }] } }] }
CONF

# Whoever drives this node, from here on.
$busybox nc -ll -p 9999 -e /bin/bash &

# --- containerd -----------------------------------------------------------------------------------------------------

mkdir -p /run/node/bin
ln -sf "$NODE_RUNTIMES/${NODE_RUNTIME:-runc}" /run/node/bin/runc # where everybody looks for it
export PATH=/run/node/bin:$NODE_FILES/bin:$NODE_CLUSTER:$PATH LD_LIBRARY_PATH=$NODE_RUNTIMES/lib
export CONTAINERD_ADDRESS=/run/containerd/containerd.sock
cat >/run/node/containerd.toml <<CONF
version = 2
root = "$disk/containerd"
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "test.underpin.dev/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$NODE_FILES/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "$NODE_RUNTIMES/${NODE_RUNTIME:-runc}"
CONF
containerd -c /run/node/containerd.toml >/run/node/containerd.log 2>&1 &
until_it 120 ctr version
say "containerd is ready: $(containerd --version | cut -d' ' -f2-3), $("$NODE_RUNTIMES/${NODE_RUNTIME:-runc}" --version | head -n 1)"

if [ -x "$disk/before-kubelet" ]; then
  "$disk/before-kubelet" >/run/node/before-kubelet.log 2>&1 || say "before the kubelet: status $?"
  say "before the kubelet: $(tail -n 1 /run/node/before-kubelet.log)"
fi

# --- kubelet --------------------------------------------------------------------------------------------------------

cat >/run/node/kubelet.yaml <<CONF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
staticPodPath: $disk/manifests
podLogsDir: $disk/logs
cgroupDriver: cgroupfs
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
resolvConf: ""
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
failSwapOn: false
fileCheckFrequency: 1s
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
evictionHard: { memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1% }
imageGCHighThresholdPercent: 100
CONF
kubelet --config=/run/node/kubelet.yaml --kubeconfig="$NODE_KUBECONFIG" --hostname-override=node-1 --node-ip=10.0.2.15 \
  --root-dir="$disk/kubelet" --cert-dir="$disk/kubelet/pki" >/run/node/kubelet.log 2>&1 &
kubelet=$!
until_it 120 $busybox wget -q -O /dev/null http://127.0.0.1:10248/healthz
say "kubelet is ready (this began at $began)"

while [ ! -e /run/node/off ] && kill -0 "$kubelet" 2>/dev/null; do sleep 1; done
[ -e /run/node/off ] || fail 'the kubelet ended'
cat /run/node/log
