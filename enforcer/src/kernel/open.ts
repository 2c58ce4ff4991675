// SPDX-License-Identifier: Apache-2.0
// Opens the enforcer's BPF object as this kernel and machine can load it: room for every processor, and no instruction
// that the kernel does not know.
import { readFileSync } from 'node:fs'
import { exchangeProgram, withoutExchange } from './exchange.ts'
import * as bpf from './libbpf.ts'

/** Maps that hold so many elements for each processor (CPU_SLOTS and PATH_SLOTS in bpf/work.bpf.h, DNS_ROOMS). */
const perProcessor = { works: 16, scratches: 4, dns_rooms: 4 } as const

export function openForThisKernel(path: string): bpf.Handle {
  const bytes = readFileSync(path)
  const object = bpf.openObject(path, knowsExchange() ? bytes : withoutExchange(bytes))
  try {
    const maps = bpf.maps(object)
    const processors =
      highestProcessor(readFileSync('/sys/devices/system/cpu/possible', 'utf8')) + 1
    for (const [name, elements] of Object.entries(perProcessor)) {
      const map = maps.get(name)
      if (map) bpf.setMaxEntries(map, elements * processors, name)
    }
    return object
  } catch (error) {
    bpf.closeObject(object)
    throw error
  }
}

/** Of a list such as "0-3,8-11". */
export const highestProcessor = (list: string): number =>
  Math.max(...list.trim().split(/[,-]/).map(Number))

/** Linux 5.12 and later: found out by loading a program that does nothing else. */
export function knowsExchange(): boolean {
  try {
    bpf.closeFd(bpf.loadCode(1, 'exchange', exchangeProgram))
    return true
  } catch (error) {
    if (error instanceof bpf.KernelError && error.errno === 22) return false
    throw error
  }
}
