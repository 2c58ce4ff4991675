// SPDX-License-Identifier: Apache-2.0
// Which resolvers the subjects of this node have: told, or those of the node itself.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { normaliseAddress, type Resolvers } from '../../../policies/src/index.ts'
import type { Tables } from '../kernel/maps.ts'
import { defaultTimes, type BeliefTimes } from './times.ts'

/** The second one has the resolvers behind a stub on loopback, and is what container runtimes hand on. */
const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

export function nodeResolvers(read: (path: string) => string = readText): Resolvers {
  const all = [...new Set(files.flatMap((path) => nameservers(read(path))))]
  // What answers at a loopback address of a container is a process of that container: nobody to be believed.
  return { containers: all.filter((address) => !isLoopback(address)), host: all }
}

/** Told by the administrator: these and no others, for everybody. */
export const toldResolvers = (addresses: readonly string[]): Resolvers => ({
  containers: addresses,
  host: addresses,
})

const same = (a: Resolvers, b: Resolvers): boolean =>
  a.containers.join() === b.containers.join() && a.host.join() === b.host.join()

function nameservers(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const address = /^\s*nameserver\s+([^\s#;%]+)/.exec(line)?.[1] ?? ''
    return isIP(address) ? [address] : []
  })
}

function isLoopback(text: string): boolean {
  const { family, bytes } = normaliseAddress(text)
  if (family === 4) return bytes[12] === 127
  return bytes.every((byte, i) => byte === (i === 15 ? 1 : 0))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // no such file: no resolver of it
  }
}

/** What the agent goes by: told once, or looked up again and again. */
export class KnownResolvers {
  now: Resolvers
  private readonly told: readonly string[] | undefined
  private readonly times: BeliefTimes

  constructor(told: readonly string[] | undefined, times: Partial<BeliefTimes> = {}) {
    this.told = told
    this.times = { ...defaultTimes, ...times }
    this.now = told ? toldResolvers(told) : nodeResolvers()
  }

  /** Whether the node has others by now. */
  changed(): boolean {
    const found = this.told ? this.now : nodeResolvers()
    if (same(found, this.now)) return false
    this.now = found
    return true
  }

  write(tables: Tables): void {
    writeResolvers(tables, this.now, this.times)
  }
}

/** What the kernel needs of it besides the rules. */
function writeResolvers(tables: Tables, { containers }: Resolvers, times: BeliefTimes): void {
  tables.dns_settings.set({ value: 0 }, times)
  const rows = containers.map((text) => {
    const { family, bytes } = normaliseAddress(text)
    return { family, address: family === 4 ? padded(bytes.subarray(12)) : bytes }
  })
  const name = (row: { family: number; address: Uint8Array }) =>
    `${row.family} ${row.address.join()}`
  const wanted = new Set(rows.map(name))
  for (const row of tables.dns_resolvers.keys())
    if (!wanted.has(name(row))) tables.dns_resolvers.delete(row)
  for (const row of rows) tables.dns_resolvers.set(row, { value: 1 })
}

function padded(four: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set(four)
  return bytes
}
