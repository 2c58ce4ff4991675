// SPDX-License-Identifier: Apache-2.0
// Bounds the open connections without turning anybody away who has something to say: for a new one, the one
// least worth keeping is closed. First those that never brought a review, oldest first; then the longest idle.

import type { Server, Socket } from 'node:net'

export type Connections = {
  readonly open: number
  readonly pushedOut: number
  /** This connection brought a review that was answered. */
  served(socket: Socket): void
  closeAll(): void
}

/** Some 65 kB each. An API server has as many as reviews under way, of 600 requests at most by default. */
export const usualConnections = 1000

export function limitConnections(server: Server, most = usualConnections): Connections {
  // Both in the order in which they would be closed. By address, because what the server is given first is
  // the connection below TLS, and what requests come with is the one above.
  const strangers = new Map<string, Socket>()
  const known = new Map<string, Socket>()
  let pushedOut = 0
  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket)
    if (strangers.size + known.size >= most) {
      const from = strangers.size > 0 ? strangers : known
      const [victim] = from
      if (victim !== undefined) {
        from.delete(victim[0])
        victim[1].destroy()
        pushedOut++
      }
    }
    strangers.set(key, socket)
    socket.once('close', () => {
      // The address may have been given to a new connection already.
      if (strangers.get(key) === socket) strangers.delete(key)
      if (known.get(key) === socket) known.delete(key)
    })
  })
  const forget = (map: Map<string, Socket>) => {
    for (const socket of map.values()) socket.destroy()
  }
  return {
    get open() {
      return strangers.size + known.size
    },
    get pushedOut() {
      return pushedOut
    },
    served(socket) {
      const key = keyOf(socket)
      const below = strangers.get(key) ?? known.get(key)
      if (below === undefined) return
      strangers.delete(key)
      known.delete(key)
      known.set(key, below)
    },
    closeAll() {
      forget(strangers)
      forget(known)
    },
  }
}

function keyOf({ remoteAddress = '', remotePort = 0, localAddress = '' }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
