// SPDX-License-Identifier: Apache-2.0
// A container as a runtime makes one, small: a root file system and mounts of its own, a cgroup of its own, and the
// entry point as the first thing that runs in it. Nothing here is known to Underpin but what it sees in the kernel.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Everything is mounted in a mount namespace of its own and goes with it. */
const enter = `
set -e
root=$1 cgroup=$2 node=$3 programs=$4 exe=$5; shift 5
mkdir -p "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir -p "$root/usr" "$root/proc" "$root/dev" "$root/tmp" "$root/src" "$root/cgroup" "$root\${exe%/*}"
mount --bind /usr "$root/usr"
for name in bin sbin lib lib64; do
  if [ -L "/$name" ]; then ln -s "usr/$name" "$root/$name"
  elif [ -d "/$name" ]; then mkdir "$root/$name"; mount --bind "/$name" "$root/$name"; fi
done
mount -t proc proc "$root/proc"
for name in null urandom; do : >"$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
: >"$root$exe"
mount --bind "$node" "$root$exe"
mount --bind "$programs" "$root/src"
mount --bind "$cgroup" "$root/cgroup"
exec chroot "$root" /bin/sh -c 'echo $$ >/cgroup/cgroup.procs; exec "$@"' sh "$exe" "$@"
`

// Mounts must not spread to the machine; where "/" is no mount point (a chroot) there is nothing to make private.
const privately =
  spawnSync('unshare', ['-m', 'true']).status === 0 ? ['-m'] : ['-m', '--propagation', 'unchanged']

export interface Program {
  child: ChildProcess
  /** JSON lines it printed, oldest first. */
  lines: Record<string, unknown>[]
  /** Resolves with the signal or status it ended with. */
  ended: Promise<string>
}

export function follow(child: ChildProcess): Program {
  const lines: Record<string, unknown>[] = []
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      try {
        lines.push(JSON.parse(line) as Record<string, unknown>)
      } catch {
        // not ours
      }
    })
  const ended = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => {
      resolve(signal ?? String(code))
    })
  })
  return { child, lines, ended }
}

/** Runs examples/`program` with Node under the name `exe`, in a container whose cgroup is `cgroup`. */
export function runContainer(options: {
  work: string
  cgroup: string
  exe: string
  program: string
  args: string[]
}): Program {
  mkdirSync(options.cgroup, { recursive: true })
  const root = join(options.work, 'root')
  const programs = new URL('../../examples', import.meta.url).pathname
  const inside = [root, options.cgroup, process.execPath, programs, options.exe]
  const child = spawn(
    'unshare',
    [...privately, 'sh', '-c', enter, 'sh', ...inside, `/src/${options.program}`, ...options.args],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  return follow(child)
}
