#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes a clone ready to run: system packages, node_modules, dist and the kernel object, each only when it is missing or
# out of date. `npm start`, `npm test` and `npm run build` call it first, so it must work before anything is installed and
# cost nothing when there is nothing to do.
#
#   setup.sh start   everything the enforcer needs; refuses in one sentence where it cannot run
#   setup.sh test    the same, but where the enforcer cannot run it is left out (scripts/test.ts says which tests that costs)
#   setup.sh unit    node_modules only
#   setup.sh lacks   prints what this machine lacks for the enforcer, nothing if it lacks nothing
set -eu
cd "$(dirname "$0")/.."
mode=${1:-start}
log=.cache/setup.log
stepped=

# ---- what a person sees ------------------------------------------------------------------------------------------------

# Hundredths of a second since some moment.
now() {
  if [ -r /proc/uptime ]; then
    read -r uptime _ </proc/uptime
    echo "${uptime%.*}${uptime#*.}"
  else
    echo "$(date +%s)00"
  fi
}

heading() {
  [ -z "$stepped" ] || return 0
  stepped=yes
  : >"$log"
  echo "Setting up Underpin (details: $log)"
}

# step NAME WHAT COMMAND...: one line with the seconds it took. What COMMAND prints is kept for the log, and shown if it fails.
step() {
  heading
  printf '  %-9s %-60s' "$1" "$2"
  shift 2
  began=$(now)
  status=0
  "$@" >.cache/step.log 2>&1 </dev/null || status=$?
  { echo "\$ $*" && cat .cache/step.log; } >>"$log"
  if [ "$status" != 0 ]; then
    printf ' failed\n\n'
    tail -n 60 .cache/step.log
    fail "set-up: \"$*\" failed with status $status (the lines above are its last ones, all of them are in $log)"
  fi
  took=$(($(now) - began))
  printf '%5d.%d s\n' $((took / 100)) $((took % 100 / 10))
}

fail() {
  echo "$1" >&2
  exit "${2:-3}"
}

# ---- what the machine is -----------------------------------------------------------------------------------------------

lacks() {
  if [ "$(uname -s)" != Linux ]; then
    echo 'Linux'
    return
  fi
  found=
  [ "$(id -u)" = 0 ] || found='root'
  grep -q '^[^ ]* [^ ]* cgroup2 ' /proc/mounts || found="${found:+$found and }cgroup v2 (mount it, or boot with systemd.unified_cgroup_hierarchy=1)"
  [ -r /sys/kernel/btf/vmlinux ] || found="${found:+$found and }a kernel with type information (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF)"
  echo "$found"
}

mounted() { grep -q "^[^ ]* $2 $1 " /proc/mounts; }

mount_file_systems() {
  mounted bpf /sys/fs/bpf || step mount '/sys/fs/bpf – where programs and maps outlive the agent' mount -t bpf bpf /sys/fs/bpf
  # Tells which security modules are active. A kernel without it, or a container that may not mount it, is probed by effect.
  mounted securityfs /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security 2>/dev/null || :
}

# ---- system packages ---------------------------------------------------------------------------------------------------

clangs='clang-19 clang-18 clang-16 clang-15 clang-14 clang'

find_clang() {
  for candidate in ${CLANG:-} $clangs; do
    command -v "$candidate" && return
  done
  return 1
}

# Ubuntu's /usr/sbin/bpftool is a script that works only where the tools of the running kernel are installed; those of any
# kernel do for linking.
find_bpftool() {
  for candidate in ${BPFTOOL:-} bpftool /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool /usr/lib/linux-tools-*/bpftool; do
    if "$candidate" version >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# any FILE...: is one of these there (a pattern that matches nothing stays as it is, and is no file)
any() {
  for file; do
    [ ! -e "$file" ] || return 0
  done
  return 1
}
has_libbpf() { any /usr/lib/*/libbpf.so.1 /usr/lib/libbpf.so.1 /usr/lib64/libbpf.so.1 /usr/local/lib*/libbpf.so.1; }
has_headers() { any /usr/include/bpf/bpf_helpers.h /usr/local/include/bpf/bpf_helpers.h; }

wanting() {
  clang=$(find_clang) && bpftool=$(find_bpftool) && has_libbpf && has_headers && command -v make >/dev/null && return 1
  return 0
}

offered() { apt-cache show --no-all-versions "$1" 2>/dev/null | grep -qx "Package: $1"; }

# first_offered PACKAGE...: the first one that the package sources have
first_offered() {
  for package; do
    if offered "$package"; then
      echo "$package"
      return
    fi
  done
  return 1
}

package() {
  heading
  printf '  %-9s %s – %s\n' package "$1" "$2"
  packages="$packages $1"
}

apt() { DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 "$@"; }
apt_install() {
  # Lists may be older than what the mirror still has.
  apt install --no-install-recommends "$@" || { apt update && apt install --no-install-recommends "$@"; }
}

install_packages() {
  by_hand='install clang 14 or newer, make, bpftool and libbpf 1.0 or newer with its headers, then run this again'
  command -v apt-get >/dev/null || fail "set-up: no apt-get here to install the build tools with ($by_hand)"
  any /var/lib/apt/lists/*_Packages* || step apt 'update – this machine has no package lists yet' apt update
  has_libbpf || offered libbpf1 || fail "set-up: the package sources have no libbpf1, which loads the kernel programs (Debian has it since 12, Ubuntu since 22.10; libbpf 1.0 or newer built from source does as well)"
  packages=
  clang=$(find_clang) || {
    clang=$(first_offered $clangs) || fail "set-up: the package sources have none of $clangs ($by_hand)"
    package "$clang" 'compiles the kernel programs (-target bpf)'
  }
  command -v make >/dev/null || package make 'builds what changed'
  has_libbpf || package libbpf1 'loads the kernel programs'
  has_headers || package libbpf-dev 'the headers they are compiled with'
  find_bpftool >/dev/null || {
    if offered bpftool; then
      package bpftool 'links them into one object'
    else
      package linux-tools-common 'bpftool, which links them into one object'
      package linux-tools-generic 'what linux-tools-common runs'
    fi
  }
  step apt 'install them, with what they need' apt_install $packages
  ! wanting || fail "set-up: clang, make, bpftool or libbpf is still missing after the install ($by_hand)"
}

# Real rules of nftables, iptables and IPVS (in guests, which see this machine's files) are what network tests run against.
install_test_tools() {
  packages=
  for tool in ip:iproute2 nft:nftables iptables:iptables ipvsadm:ipvsadm; do
    any "/usr/sbin/${tool%%:*}" "/sbin/${tool%%:*}" "/usr/bin/${tool%%:*}" || packages="$packages ${tool##*:}"
  done
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null || fail "set-up: no apt-get here to install what network tests need:$packages (install them, then run this again)"
  any /var/lib/apt/lists/*_Packages* || step apt 'update – this machine has no package lists yet' apt update
  step apt 'nftables, iptables and IPVS – what network tests translate addresses with' apt_install $packages
}

# ---- what this repository builds -----------------------------------------------------------------------------------------

modules_current() {
  [ -x node_modules/.bin/node ] || return 1
  [ "$(cat node_modules/.underpin 2>/dev/null)" != "$(cksum <package-lock.json)" ] || return 0
  # `npm install` by hand: npm writes its own note in node_modules after the lock file.
  [ -n "$(find node_modules/.package-lock.json -newer package-lock.json 2>/dev/null)" ] && cksum <package-lock.json >node_modules/.underpin
}

install_modules() {
  command -v npm >/dev/null || fail 'set-up: npm not found (install Node.js 18 or newer with npm)'
  step modules 'npm ci – libraries, and the Node.js this project runs on' npm ci --no-audit --no-fund --include=dev
  [ -x node_modules/.bin/node ] || fail 'set-up: npm left node_modules/.bin/node out (allow the install script of the package "node": npm config set ignore-scripts false)'
  cksum <package-lock.json >node_modules/.underpin
}

projects='policies runtime webhook enforcer controller cli'

dist_current() {
  [ -e dist/.built ] || return 1
  # Folders too: a file that was removed changes only its folder.
  changed=$(find tsconfig.base.json node_modules/.underpin $projects \( -name '*.ts' -o -name '*.json' -o -name .underpin -o -type d \) -newer dist/.built)
  [ -z "$changed" ]
}

build_dist() {
  touch .cache/build-began
  PATH="$PWD/node_modules/.bin:$PATH"
  step dist 'tsc – the agent, the webhook and the command line' tsc -b $projects
  mv .cache/build-began dist/.built
}

build_object() {
  ! make -s -q -C bpf CLANG="$clang" BPFTOOL="$bpftool" >/dev/null 2>&1 || return 0
  step bpf "make – the kernel programs, with ${clang##*/}" make -s -C bpf CLANG="$clang" BPFTOOL="$bpftool"
}

# ---- in order ------------------------------------------------------------------------------------------------------------

case $mode in
lacks) lacks && exit ;;
start | test | unit) ;;
*) fail "set-up: found \"$mode\", expected start, test, unit or lacks" 2 ;;
esac

mkdir -p .cache
if command -v flock >/dev/null; then
  exec 9>.cache/setup.lock
  flock -n 9 || { echo 'set-up: waiting for another one in this folder' && flock 9; }
fi

modules_current || install_modules
[ "$mode" != unit ] || exit 0
dist_current || build_dist # from here on `npx underpin scan` works, whatever else is missing
lacking=$(lacks)
if [ -n "$lacking" ]; then
  [ "$mode" = test ] || fail "npm start runs the enforcer, which needs $lacking; what works here without: npx underpin scan FILE…${SUDO_USER:+ (npm before 9 gives up root in a folder that another user owns: use a newer npm)}"
  exit 0
fi
! wanting || install_packages
[ "$mode" != test ] || install_test_tools
mount_file_systems
build_object
