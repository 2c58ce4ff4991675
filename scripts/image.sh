#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# image.sh [OUT]: the image of the Dockerfile without docker, registry or daemon, as one file that `ctr images import`,
# `podman load` and `docker load` take (.cache/image/underpin-VERSION.tar), and the list of its contents beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -nE 's/^  "version": "(.*)",/\1/p' package.json)
out=${1:-.cache/image/underpin-$version.tar}
command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || {
  echo 'image: needs a Debian or Ubuntu to take system libraries from (elsewhere: docker build .)' >&2
  exit 3
}
work=.cache/image/root
scripts/image/root.sh "$work" .cache/image/contents.txt
node_modules/.bin/node scripts/image/pack.ts "$work" .cache/image/contents.txt "$out"
rm -rf "$work"
