// SPDX-License-Identifier: Apache-2.0
// Reviews at a steady rate against a Service of several webhooks, as the API server sends them: kept connections, some new
// ones, a bundle that may be a moment old, and endpoints that are taken out a moment after they are not ready. For tests.

import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

export type Endpoint = { url: string; ready: () => boolean }

export type Load = {
  /** Reviews that were answered, and what went wrong with the others. */
  readonly answered: number
  readonly lost: readonly string[]
  stop(): Promise<void>
}

export type LoadOptions = {
  endpoints: () => readonly Endpoint[]
  /** PEM that the client trusts; read anew for each new connection. */
  bundle: () => string
  body: string
  everyMs: number
}

export function startLoad({ endpoints, bundle, body, everyMs }: LoadOptions): Load {
  const kept = new Agent({ keepAlive: true, maxSockets: 8 })
  const lost: string[] = []
  const running = new Set<Promise<void>>()
  let answered = 0
  let going = true
  let turn = 0

  const one = (url: string, fresh: boolean): Promise<void> =>
    new Promise((resolve) => {
      const agent = fresh ? new Agent({ keepAlive: false }) : kept
      const headers = { 'content-type': 'application/json', 'content-length': body.length }
      const options = { method: 'POST', agent, ca: bundle(), headers }
      const failed = (error: Error) => {
        lost.push(`${error.message} (${fresh ? 'new' : 'kept'} connection)`)
        resolve()
      }
      const call = request(`${url}/validate?timeout=5s`, options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('error', failed)
        response.on('end', () => {
          if (response.statusCode === 200 && text.includes('"allowed"')) answered++
          else lost.push(`${response.statusCode}: ${text}`)
          resolve()
        })
      })
      call.on('error', failed)
      call.end(body)
    })

  const loop = (async () => {
    while (going) {
      const usable = endpoints().filter((endpoint) => endpoint.ready())
      const endpoint = usable[turn++ % Math.max(usable.length, 1)]
      if (endpoint === undefined) lost.push('no endpoint is ready')
      else {
        const work = one(endpoint.url, turn % 3 === 0).finally(() => running.delete(work))
        running.add(work)
      }
      await sleep(everyMs)
    }
  })()
  return {
    get answered() {
      return answered
    },
    lost,
    async stop() {
      going = false
      await loop
      await Promise.all(running)
      kept.destroy()
    },
  }
}
