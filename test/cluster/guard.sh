#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guard.sh FOLDER: outlives the test that started it, and cleans up after it however it ended: reads process numbers
# until its standard input closes, then ends those that are still at work in FOLDER, the last one first, and removes it.
folder=$1
processes=
while read -r process; do processes="$process $processes"; done

# The number may belong to somebody else by now; what works in the folder is ours.
ours() { [ "$(readlink "/proc/$1/cwd")" = "$folder" ]; }

for process in $processes; do
  ours "$process" || continue
  kill "$process"
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    ours "$process" || break
    sleep 1
  done
  ours "$process" && kill -9 "$process" && sleep 1
done
# Somebody may just have written into it.
for _ in 1 2 3 4 5; do
  rm -rf "$folder" 2>/dev/null && break
  sleep 1
done
