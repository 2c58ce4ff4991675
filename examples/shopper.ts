// SPDX-License-Identifier: Apache-2.0
// A client of the shop that never rests: one loop keeps its connection, another opens a new one for each request.
//   node examples/shopper.ts PORT [HOST]
// Prints its counts as a JSON line every 250 ms, and a last one at SIGTERM (or after ten minutes). An answer that comes too late,
// with another status or with wrong content is a failure. Ends with status 1 if there was one.
import { Agent, get } from 'node:http'
import { order } from './order.ts'

const port = Number(process.argv[2])
const host = process.argv[3] ?? '127.0.0.1'
const patience = 1_000 // milliseconds for one answer
const pause = 5 // milliseconds between two requests of a loop

type Counts = { sent: number; ok: number; failed: number }
const kept: Counts = { sent: 0, ok: 0, failed: 0 }
const fresh: Counts = { sent: 0, ok: 0, failed: 0 }
let reason: string | undefined

function fetchOrder(number: number, agent: Agent): Promise<void> {
  return new Promise((done, refuse) => {
    const request = get({ host, port, path: `/order/${number}`, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', refuse)
      response.on('end', () => {
        if (response.statusCode === 200 && text.trim() === JSON.stringify(order(number))) done()
        else refuse(new Error(`order ${number}: status ${response.statusCode ?? 0}, wrong content`))
      })
    })
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer in ${patience} ms`)),
      patience,
    )
    request.on('error', refuse)
    request.on('close', () => {
      clearTimeout(timer)
    })
  })
}

async function shop(counts: Counts, agent: Agent, first: number): Promise<void> {
  for (let number = first; ; number = (number + 2) % 1_000_000) {
    counts.sent += 1
    try {
      await fetchOrder(number, agent)
      counts.ok += 1
    } catch (error) {
      counts.failed += 1
      reason = error instanceof Error ? error.message : String(error)
    }
    await new Promise((resume) => setTimeout(resume, pause))
  }
}

function print(event: string): void {
  const sum = (key: keyof Counts): number => kept[key] + fresh[key]
  const counts = { sent: sum('sent'), ok: sum('ok'), failed: sum('failed'), kept, fresh, reason }
  process.stdout.write(`${JSON.stringify({ event, ...counts })}\n`)
}

void shop(kept, new Agent({ keepAlive: true, maxSockets: 1 }), 0)
void shop(fresh, new Agent({ keepAlive: false }), 1)
setInterval(() => {
  print('shopping')
}, 250)

function stop(): void {
  print('stopped')
  process.exit(kept.failed + fresh.failed > 0 ? 1 : 0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
setTimeout(stop, 600_000)
