// SPDX-License-Identifier: Apache-2.0
// A small web shop: GET /order/N answers with an order that is computed from N, so that a client can tell a true answer.
//   node examples/shop.ts [PORT] [HOST]     port 0, the default, takes a free one; the first line printed says which
// GET /health says that it lives. Ends at SIGTERM, or by itself after ten minutes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { order } from './order.ts'

const port = Number(process.argv[2] ?? 0)
const host = process.argv[3] ?? '127.0.0.1'
let served = 0

const print = (event: string, details: Record<string, unknown>): void => {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`)
}

const server = createServer((request, response) => {
  const answer = (status: number, content: unknown): void => {
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(`${JSON.stringify(content)}\n`)
  }
  const number = /^\/order\/(\d{1,9})$/.exec(request.url ?? '')?.[1]
  if (request.method !== 'GET') answer(405, { error: 'only GET' })
  else if (request.url === '/health') answer(200, { status: 'ok', served })
  else if (number === undefined) answer(404, { error: 'no such page' })
  else {
    served += 1
    answer(200, order(Number(number)))
  }
})
server.maxConnections = 256
server.requestTimeout = 5_000
server.on('error', (error) => {
  print('failed', { reason: error.message })
  process.exit(1)
})
server.listen(port, host, () => {
  print('listening', { host, port: (server.address() as AddressInfo).port })
})

function stop(): void {
  print('stopped', { served })
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
setTimeout(stop, 600_000)
