#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root.sh ROOT LIST: makes the file system of the image in ROOT from this checkout (built before) and a few packages of the
# machine's Debian, unpacked and not installed; what is in it is written to LIST, one "NAME VERSION LICENCE-FILE" a line.
# The Dockerfile and `npm run image` both call it, so both make the same image.
set -euo pipefail
root=$1 list=$2
cd "$(dirname "$0")/../.."
top=$PWD
umask 022
rm -rf "$root"
mkdir -p "$root" "$(dirname "$list")"
: >"$list"

# --- the system: a shell for the start script and the agent's self-tests, libbpf, and what Node.js is linked with ---------

# Directories as merged long ago: packages still bring files to both.
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,sys,dev,etc,root,run,tmp,var}
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
chmod 1777 "$root/tmp"

packages='base-files libc6 libgcc-s1 libstdc++6 zlib1g libelf1 libbpf1 dash busybox-static'
kept=$top/.cache/image/packages
mkdir -p "$kept"

# offered NAME: is the package there under this name (Debian 13 and Ubuntu 24.04 renamed some: libelf1t64)
offered() { [[ $(apt-cache show --no-all-versions "$1" 2>/dev/null || true) == "Package: $1"* ]]; }
fetched() {
  local name=$1 version file
  version=$(apt-cache policy "$name" | sed -nE 's/^  Candidate: //p')
  file=$kept/${name}_${version//:/%3a}.deb
  if [ ! -e "$file" ]; then
    rm -rf "$kept/new" && mkdir "$kept/new"
    (cd "$kept/new" && apt-get download -q -o APT::Sandbox::User=root "$name" >&2)
    mv "$kept/new"/*.deb "$file"
    rmdir "$kept/new"
  fi
  echo "$name $version" >>"$list"
  echo "$file"
}

[ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit)" ] || apt-get update -q >&2
for name in $packages; do
  offered "$name" || name=${name}t64
  dpkg-deb --fsys-tarfile "$(fetched "$name")" |
    tar -x -C "$root" --keep-directory-symlink --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' \
      --exclude='./usr/share/locale/*' --exclude='./usr/share/lintian/*' --exclude='./usr/lib/*/gconv/*' \
      --exclude='./usr/lib/*/perl*' --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/doc/*/NEWS*' \
      --exclude='./lib/systemd/*' --exclude='./usr/lib/systemd/*'
done
# One file of a large package: the agent starts it to see which layer it comes from.
dpkg-deb --fsys-tarfile "$(fetched coreutils)" | tar -x -C "$root" --keep-directory-symlink --wildcards './bin/true' './usr/bin/true' './usr/share/doc/coreutils/copyright' 2>/dev/null || :
[ -x "$root/usr/bin/true" ]
# Licences that stand in a package which holds nothing else of use.
for link in "$root"/usr/share/doc/*; do
  [ ! -e "$link" ] || continue
  name=$(readlink "$link")
  dpkg-deb --fsys-tarfile "$(fetched "$name")" | tar -x -C "$root" "./usr/share/doc/$name/copyright"
done
ln -sf dash "$root/usr/bin/sh"
for tool in basename cat cp dirname env grep id kill ls mkdir mount mv ps pwd readlink rm rmdir sed sleep umount uname unshare; do
  ln -s busybox "$root/usr/bin/$tool"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# --- ours ----------------------------------------------------------------------------------------------------------------

app=$root/opt/underpin
mkdir -p "$app"/{dist,cli/bin,bpf/.output,charts/underpin/crds,node_modules}
cp package.json LICENSE "$app/"
install -m 755 cli/bin/underpin "$app/cli/bin/underpin"
ln -s /opt/underpin/cli/bin/underpin "$root/usr/bin/underpin"
install -m 755 node_modules/node/bin/node "$root/usr/bin/node"
mkdir "$app/node_modules/.bin" # where the start script looks first
ln -s /usr/bin/node "$app/node_modules/.bin/node"
cp bpf/.output/*.bpf.o "$app/bpf/.output/"
cp charts/underpin/crds/*.gen.yaml "$app/charts/underpin/crds/"
for part in policies runtime webhook enforcer controller cli; do
  [ -d "dist/$part" ] || { echo "image: dist/$part is missing (npm run build)" >&2 && exit 3; }
  (cd dist && find "$part" -type f \( -name '*.js' -o -name '*.json' \) ! -name '*.test.js' ! -name '*.tsbuildinfo') |
    tar -c -C dist -T - | tar -x -C "$app/dist"
done

# Of the libraries, those that run the product, without types, maps, tests and sources.
node=node_modules/.bin/node
"$node" scripts/image/libraries.ts | while read -r folder name version; do
  echo "npm:$name $version" >>"$list"
  [ "$name" != node ] || continue
  mkdir -p "$app/$folder"
  tar -c -C "$folder" --exclude=./node_modules --exclude='*.d.ts' --exclude='*.d.cts' --exclude='*.d.mts' --exclude='*.map' \
    --exclude='./test' --exclude='./tests' --exclude='./docs' --exclude='./doc' --exclude='./vendor' --exclude='./musl_*' \
    --exclude='*.test.js' --exclude='*.md' --exclude='*.flow' . | tar -x -C "$app/$folder"
done

sort -o "$list" "$list"
# The same files make the same image, whenever it is made.
find "$root" -xdev -newermt '@0' -exec touch -h -d '@0' {} +
