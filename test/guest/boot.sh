#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# boot.sh [-k SERIES] [-a KERNEL_ARGUMENTS] [-m MEGABYTES] [-t SECONDS] [-d CACHE_DIR] [-n TAP] [-b FILE] [-i] [-v] COMMAND...
# Boots a kernel made ready by setup.sh, without KVM, on one processor, and runs COMMAND (bash) in it as root, in the
# project's folder. It sees this machine's root file system; what it writes is gone afterwards. The command's output
# and exit status are those of boot.sh; 124: not done within SECONDS, 125: the guest ended without a status. A guest that
# ends before COMMAND begins (the emulator was starved, and the kernel gave up) is booted once more, which is said.
#   -k 6.12   -m 1024   -t 120   -d ${UNDERPIN_CACHE:-/var/cache/underpin}/guest
#   -a   later arguments win: 'lsm=lockdown,yama' takes bpf out of the list
#   -n   a network card, at the other end of this tap interface
#   -b   a disk, whose content is this file
#   -i   instruction clock: the guest's clock counts the instructions it executes, 1,000 to a microsecond
#   -v   print the console also when the command succeeds
# shellcheck disable=SC2317 # functions that a trap or another shell calls
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
project=$(cd "$here/../.." && pwd -P)
series=6.12 arguments='' memory=1024 limit=120 verbose='' tap='' disk='' accel=(-accel tcg) without=,-erms faster=' init_on_alloc=0' cache=${UNDERPIN_CACHE:-/var/cache/underpin}/guest

fail() { echo "guest: $*" >&2; exit 2; }
usage() { sed -n '3,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
given=("$@")

while getopts k:a:m:t:d:n:b:iv option; do
  case $option in
    k) series=$OPTARG ;;
    a) arguments=$OPTARG ;;
    m) memory=$OPTARG ;;
    t) limit=$OPTARG ;;
    d) cache=$OPTARG ;;
    n) tap=$OPTARG ;;
    b) disk=$OPTARG ;;
    i) accel=(-accel tcg,thread=single -icount shift=0) without='' faster='' ;;
    v) verbose=1 ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage

[[ $series =~ ^[0-9]+\.[0-9]+ ]] || usage
kernel=$cache/kernels/${BASH_REMATCH[0]} tools=$cache/tools
for made in "$tools/made" "$kernel/made"; do
  [ -e "$made" ] || fail "no \"$made\" (run $here/setup.sh \"$cache\" $series)"
done
[ "$(id -u)" = 0 ] || fail 'sharing the root file system needs root'

# --- clean-up --------------------------------------------------------------------------------------------------------
# $work/mounts is a mount point only within the servers' mount namespaces, normally; nothing here may ever remove what
# lies below a mount, as that is this machine's root. So files are removed by name, folders only when they are empty.

work=$(mktemp -d "${TMPDIR:-/tmp}/guest.XXXXXX")
mkdir "$work/mounts" "$work/exchange"
processes=()
clean_up() {
  trap '' TERM INT HUP
  if [ ${#processes[@]} -gt 0 ]; then
    kill "${processes[@]}" 2>/dev/null
    wait "${processes[@]}" 2>/dev/null
  fi
  while umount -l "$work/mounts" 2>/dev/null; do :; done
  rm -f "$work"/exchange/{command,session.sh,begun,stdout,stderr,status} "$work"/{console,qemu,server.*,*.socket,*.pid}
  rmdir "$work/mounts" "$work/exchange" "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM HUP
trap 'exit 130' INT

# Starts a process that ends with this shell, however that ends.
start() {
  setpriv --pdeathsig KILL "$@" &
  processes+=($!)
}

# --- shares ----------------------------------------------------------------------------------------------------------

# The tools come with all their libraries and the loader.
libraries=$tools/lib/x86_64-linux-gnu
run_tool=("$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$tools/usr/lib/x86_64-linux-gnu")
export QEMU_MODULE_DIR=$tools/usr/lib/x86_64-linux-gnu/qemu

# Mounts the root below $work/mounts, read-only for good, without what is mounted below it, except where the project
# lies; then becomes the server, in the arguments. The tmpfs keeps these mounts from the machine's mount namespace.
mount_root() {
  set -e
  mount -t tmpfs tmpfs "$work/mounts"
  mount --make-private "$work/mounts"
  mkdir "$work/mounts/root"
  local folder='' part parts
  IFS=/ read -r -a parts <<<"$project"
  for part in "${parts[@]}"; do # the first is empty: "/" itself
    folder=${folder%/}/$part
    if [ "$folder" = / ] || mountpoint -q "$folder"; then
      mount --bind "$folder" "$work/mounts/root$folder"
      mount -o remount,bind,ro "$work/mounts/root$folder"
    fi
  done
  exec "$@"
}
export -f mount_root
export work project

# The server of one share: server TAG FOLDER
server() {
  server=("${run_tool[@]}" "$tools/usr/lib/qemu/virtiofsd" --socket-path="$work/$1.socket"
    -o source="$2" -o sandbox=chroot -o cache=always -o no_posix_lock --thread-pool-size=1)
}

# In a chroot "/" need not be a mount point, and then its propagation cannot be changed.
propagation=private
unshare -m --propagation private true 2>/dev/null || propagation=unchanged
server root "$work/mounts/root"
# shellcheck disable=SC2016 # expanded by the inner shell
start unshare -m --propagation "$propagation" bash -c 'mount_root "$@"' bash "${server[@]}" >"$work/server.root" 2>&1
server exchange "$work/exchange"
start "${server[@]}" >"$work/server.exchange" 2>&1
for tag in root exchange; do
  for ((i = 0; i < 250; i++)); do [ -S "$work/$tag.socket" ] || sleep 0.02; done
  [ -S "$work/$tag.socket" ] || { cat "$work/server.$tag" >&2; fail "cannot share \"$tag\" (see above)"; }
done

# --- the guest -------------------------------------------------------------------------------------------------------

cp "$here/session.sh" "$work/exchange/session.sh"
printf '%s\n' 'export HOME=/root NO_COLOR=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  "cd ${project@Q} || exit" "$*" >"$work/exchange/command"

# Five levels of page tables, the protections of a kernel against itself, and "rep stosb", by which it clears pages byte by
# byte, cost an emulator a third of its time, and change nothing that tests look at. Where instructions are counted, pages
# are cleared as they always were: a figure is held against those of before.
# Without no_timer_check a kernel that is not given the processor in time believes that its timer is broken, and panics.
# shellcheck disable=SC2054 # commas within QEMU's options
guest=("${accel[@]}" -cpu "max,-la57,-smap,-smep$without" -machine q35 -m "$memory" -smp 1 -nodefaults -no-user-config -display none -no-reboot
  -L "$tools/usr/share/qemu" -L "$tools/usr/share/seabios" -serial "file:$work/console"
  -object "memory-backend-memfd,id=memory,size=${memory}M,share=on" -numa node,memdev=memory
  -object rng-random,id=random,filename=/dev/urandom -device virtio-rng-pci,rng=random
  -kernel "$kernel/vmlinuz" -initrd "$kernel/initramfs"
  -append "console=ttyS0 quiet panic=-1 oops=panic no_timer_check mitigations=off$faster lsm=landlock,lockdown,yama,integrity,apparmor,bpf $arguments")
for tag in root exchange; do
  guest+=(-chardev "socket,id=$tag,path=$work/$tag.socket" -device "vhost-user-fs-pci,chardev=$tag,tag=$tag")
done
[ -z "$tap" ] || guest+=(-netdev "tap,id=card,ifname=$tap,script=no,downscript=no" -device virtio-net-pci,netdev=card,romfile=)
[ -z "$disk" ] || guest+=(-drive "file=$disk,format=raw,if=virtio,cache=unsafe")

start timeout "$limit" setpriv --pdeathsig KILL "${run_tool[@]}" "$tools/usr/bin/qemu-system-x86_64" \
  "${guest[@]}" </dev/null >"$work/qemu" 2>&1
wait "${processes[-1]}" # unlike a process in the foreground, one that is waited for lets signals through
ended=$?
unset 'processes[-1]'

cat "$work/exchange/stdout" 2>/dev/null
cat "$work/exchange/stderr" >&2 2>/dev/null
status=125
[ "$ended" = 124 ] && status=124
[ -s "$work/exchange/status" ] && status=$(cat "$work/exchange/status")
if [ "$status" != 0 ] || [ -n "$verbose" ]; then
  echo "--- console of $series, exit status $status ---"
  [ "$status" != 125 ] || cat "$work"/server.*
  cat "$work/qemu" "$work/console"
fi >&2
if [ "$status" = 125 ] && [ ! -e "$work/exchange/begun" ] && [ -z "${GUEST_BOOTED_AGAIN:-}" ]; then
  echo "guest: $series ended before its command began (see above): booted once more" >&2
  clean_up
  trap - EXIT
  GUEST_BOOTED_AGAIN=1 exec "$0" "${given[@]}"
fi
exit "$status"
