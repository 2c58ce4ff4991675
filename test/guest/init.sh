#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# The guest's first process, from the initramfs: inserts the modules, puts a tmpfs over the machine's root file system
# (shared read-only by virtiofs) and hands over to session.sh, which boot.sh has put into the second, writable share.
# The machine can be seen by its console only, so every step that fails says which it was, and ends it.
bb=/bin/busybox

must() {
  "$@" && return
  echo "guest: failed: $*"
  $bb poweroff -f
  $bb sleep 60
}

$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs dev /dev 2>/dev/null # some kernels have done it
for module in $($bb cat /modules/order); do $bb insmod "/modules/$module" || echo "guest: no module $module"; done

must $bb mount -t virtiofs -o ro root /share
must $bb mount -t tmpfs -o size=90% tmpfs /layers
$bb mkdir /layers/upper /layers/work
must $bb mount -t overlay -o lowerdir=/share,upperdir=/layers/upper,workdir=/layers/work overlay /root

$bb mkdir -p /root/proc /root/sys /root/dev /root/run
must $bb mount -t tmpfs -o mode=755 tmpfs /root/run
$bb mkdir /root/run/guest /root/run/guest/exchange
must $bb mount -t virtiofs exchange /root/run/guest/exchange
$bb cp $bb /root/run/guest/busybox
for mount in proc sys dev; do must $bb mount -o move "/$mount" "/root/$mount"; done
exec $bb switch_root /root /run/guest/busybox sh /run/guest/exchange/session.sh
