#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The guest's first process once it sees the machine's files: mounts what a node of a cluster has mounted, runs the
# command that boot.sh has left in the exchange folder, leaves its output and exit status there, and powers off.
bb=/run/guest/busybox
exchange=/run/guest/exchange

$bb mkdir -p /dev/pts /dev/shm /tmp
$bb chmod 1777 /tmp
$bb ln -s /proc/self/fd /dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do $bb ln -s "/proc/self/fd/${stream%:*}" "/dev/${stream#*:}"; done
$bb mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
$bb mount -t tmpfs -o mode=1777 tmpfs /dev/shm
$bb mount -t securityfs securityfs /sys/kernel/security
$bb mount -t bpf bpf /sys/fs/bpf
$bb mount -t debugfs debugfs /sys/kernel/debug
$bb mount -t tracefs tracefs /sys/kernel/tracing
$bb mount -t cgroup2 cgroup2 /sys/fs/cgroup
$bb ip link set lo up
$bb hostname guest

echo "guest: ready after $($bb cut -d' ' -f1 /proc/uptime) s"
>"$exchange/begun"
/bin/bash "$exchange/command" </dev/null >"$exchange/stdout" 2>"$exchange/stderr"
echo $? >"$exchange/status"
$bb sync
$bb poweroff -f
$bb sleep 60
