// SPDX-License-Identifier: Apache-2.0
// Whether the agent sees what it is to know: in a container it must share the host's pid namespace (hostPID). What is the
// host's is found in the kernel, from the first process that the agent sees: bpf/tasks.bpf.c.
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { processesOf, walkCgroups } from '../kernel/cgroups.ts'

/** Of the initial pid namespace, the same on every kernel: include/linux/proc_ns.h. */
const initialPidNs = 'pid:[4026531836]'

/** Our process numbers are the kernel's own; not so on a node that is a container itself. */
export const numbersAgree = (): boolean => readlinkSync('/proc/self/ns/pid') === initialPidNs

/** Runs bpf/tasks.bpf.c over every process that we can see. */
export function lookAtProcesses(pins: string): void {
  readFileSync(join(pins, 'links', 'identity_tasks'))
}

/** Runs bpf/owners.bpf.c over every open file of every process: sockets from before us get their owner. */
export function lookAtSockets(pins: string): void {
  readFileSync(join(pins, 'links', 'socket_owners'))
}

/** Refuses to work where most processes belong to a pid namespace around ours: nothing about them could be known. */
export function requireSight(mount: string, folder: string): void {
  let seen = 0
  let hidden = 0
  for (const cgroup of walkCgroups(mount, folder))
    for (const pid of processesOf(cgroup.folder)) {
      if (pid === 0) hidden++
      else seen++
    }
  if (hidden <= seen) return
  throw new UnderpinError('kernel-lacks', {
    operation: 'look at processes',
    object: folder,
    found: `${hidden} of ${hidden + seen} processes in a pid namespace around ours`,
    expected: "the host's pid namespace",
    remedy: 'run the agent on the host, or in a container with hostPID: true',
  })
}
