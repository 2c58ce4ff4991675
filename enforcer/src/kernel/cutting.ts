// SPDX-License-Identifier: Apache-2.0
// Ends connections that policy denies now (bpf/cut.bpf.c), where that is asked for: in every network namespace of a process
// of a subject, one after the other. Off unless asked for, since a verdict can be taken back and an ended connection cannot.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../../runtime/src/index.ts'
import * as bpf from './libbpf.ts'
import type { Tables } from './maps.ts'
import type { DecisionMechanism } from './mechanisms.ts'
import { openForThisKernel } from './open.ts'

const programs = ['cut_tcp', 'cut_udp'] as const

export interface Cutter {
  /** How many it ended. */
  cut: (tables: Pick<Tables, 'processes'>) => number
  close: () => void
}

/** Throws a KernelError where the kernel cannot (before Linux 6.5). The object shares the maps that are pinned. */
export function openCutter(objects: string, pins: string): Cutter {
  const path = join(objects, 'cut.bpf.o')
  const object = openForThisKernel(path)
  const links: bpf.Handle[] = []
  const close = () => {
    for (const link of links.splice(0)) bpf.destroyLink(link)
    bpf.closeObject(object)
  }
  try {
    for (const [name, map] of bpf.maps(object)) {
      const pin = join(pins, 'maps', name)
      if (!existsSync(pin)) continue // room to work in, which it has of its own
      const fd = bpf.openPin(pin)
      bpf.reuseMap(map, fd, name)
      bpf.closeFd(fd)
    }
    bpf.loadObject(object, path)
    for (const name of programs)
      links.push(bpf.attach(bpf.programs(object).get(name) as bpf.Handle, name))
  } catch (error) {
    close()
    throw error
  }
  const here = () => links.reduce((sum, link) => sum + bpf.runIterator(link), 0)
  return {
    cut: (tables) =>
      networksOf(tables).reduce((sum, network) => sum + bpf.inNetwork(network, here), 0),
    close,
  }
}

/** The same, or what the state says where the kernel cannot. */
export function cutterFor(
  { objects, pins, log }: { objects: string; pins: string; log: Log },
  state: { mechanisms: DecisionMechanism[] },
): Cutter | undefined {
  try {
    return openCutter(objects, pins)
  } catch (error) {
    if (!(error instanceof bpf.KernelError)) throw error
    const degraded =
      'connections that a changed policy denies are not ended: their packets are dropped'
    const better = 'Linux 6.5 or newer'
    log.warn({ decision: 'packet', degraded, better, reason: error.message }, 'degraded')
    const row = state.mechanisms.find(({ decision }) => decision === 'packet')
    if (row) Object.assign(row, { degraded, better })
    return undefined
  }
}

/** Paths of network namespaces, each once. */
function networksOf({ processes }: Pick<Tables, 'processes'>): string[] {
  const found = new Map<number, string>()
  for (const { value: pid } of processes.keys()) {
    const path = `/proc/${pid}/ns/net`
    try {
      found.set(statSync(path).ino, path)
    } catch {
      // it has ended
    }
  }
  return [...found.values()]
}
