// SPDX-License-Identifier: Apache-2.0
// Who sees first what a process asks for. Another program of the cgroup that balances load in sockets changes the address;
// from Linux 6.17 on ours are asked before all others, on older kernels in the order in which they were attached.
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import * as bpf from './libbpf.ts'
import type { DecisionMechanism } from './mechanisms.ts'

/** Whether some program may change an address before ours sees it. */
export function isSecond(pins: string, cgroup: string): boolean {
  const folder = openSync(cgroup, 'r')
  try {
    return Object.entries(bpf.asking).some(([section, type]) => {
      const pin = join(pins, 'links', section.slice('cgroup/'.length))
      if (!existsSync(pin)) return false
      const link = bpf.openPin(pin)
      const program = bpf.objectInfo(link, 32).readUInt32LE(8) // struct bpf_link_info: prog_id
      bpf.closeFd(link)
      return bpf.programsOf(folder, type).indexOf(program) > 0
    })
  } finally {
    closeSync(folder)
  }
}

export function withOrder(
  mechanisms: readonly DecisionMechanism[],
  second: boolean,
): DecisionMechanism[] {
  return mechanisms.map((one) =>
    one.decision === 'egress' && second && one.degraded === undefined
      ? {
          ...one,
          degraded:
            'another program of the cgroup sees addresses first: where it puts one behind a Service in its place, that one is decided',
          better: 'Linux 6.17, or start underpin enforce before what attaches that program',
        }
      : one,
  )
}
