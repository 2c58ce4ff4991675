// SPDX-License-Identifier: Apache-2.0
// A connection to the API server that can be pulled: what is in it then ends, and nobody gets in until it is plugged in.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Cable {
  port: number
  /** Connections that were tried. */
  tried: () => number
  pull: () => void
  plug: () => void
  close: () => void
}

export async function cableTo(port: number): Promise<Cable> {
  const open = new Set<Socket>()
  let plugged = true
  let tried = 0
  const server = createServer((near) => {
    tried++
    if (!plugged) return near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const pull = () => {
    plugged = false
    for (const one of open) one.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    tried: () => tried,
    pull,
    plug: () => {
      plugged = true
    },
    close: () => {
      pull()
      server.close()
    },
  }
}
