// SPDX-License-Identifier: Apache-2.0
// What the kernel looks for in first bytes, compiled for user space, against other parsers: it hears a miner where they do,
// over any segments, and nowhere else. UNDERPIN_SEED repeats a run, UNDERPIN_MESSAGES changes how many.
import { expect, test } from 'vitest'
import { Limit } from '../../enforcer/src/kernel/abi.gen.ts'
import { segments, talk, type Segment } from '../fuzz/payload-inputs.ts'
import { meansMining, talksLikeAMiner } from '../fuzz/payload-oracle.ts'
import { handshakeTables } from '../fuzz/payload-tables.ts'
import { Piped } from '../fuzz/piped.ts'
import { random } from '../fuzz/random.ts'

const connections = Number(process.env['UNDERPIN_MESSAGES'] ?? 1_000_000)
const seed = Number(process.env['UNDERPIN_SEED'] ?? Date.now() % 2 ** 31)
const batch = 5000

/** See payload-read.c. */
function framed(all: readonly Segment[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16LE(all.length)
  return Buffer.concat([
    count,
    ...all.flatMap(({ seq, urgent, payload }) => [
      Buffer.from(Uint32Array.of(seq, urgent, payload.length).buffer),
      payload,
    ]),
  ])
}

test(
  `of ${connections} connections a miner is heard in those that other parsers say (seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    const next = random(seed)
    const parser = new Piped(
      'payload-read.c',
      (out, at) => (at < out.length ? { answer: out[at] !== 0, end: at + 1 } : null),
      handshakeTables(),
    )
    const seen = { total: 0, heard: 0, json: 0, jsonMining: 0 }
    try {
      while (seen.total < connections) {
        const inputs = Array.from({ length: Math.min(batch, connections - seen.total) }, () => {
          const said = talk(next)
          return { ...said, ...segments(next, said.text) }
        })
        const heard = await parser.ask(
          inputs.map(({ all }) => framed(all)),
          framed([]),
        )
        for (const [i, { text, value, all, read }] of inputs.entries()) {
          const told = () => `${JSON.stringify(text)} in ${JSON.stringify(all)}`
          seen.total++
          if (heard[i] !== talksLikeAMiner(read))
            expect.fail(`${heard[i] ? 'heard' : 'not heard'}: ${told()}`)
          if (heard[i]) seen.heard++
          if (value === undefined || read !== text || text.length > Limit.INSPECT) continue
          seen.json++
          if (!meansMining(JSON.parse(text))) continue
          seen.jsonMining++
          if (!heard[i]) expect.fail(`not heard: ${told()}`)
        }
      }
    } finally {
      parser.close()
    }
    console.log(`seed ${seed}: ${JSON.stringify(seen)}`)
    // One that hears everything, or nothing, proves nothing.
    expect(seen.heard / seen.total).toBeGreaterThan(0.2)
    expect(seen.heard / seen.total).toBeLessThan(0.8)
    expect(seen.jsonMining / seen.total).toBeGreaterThan(0.01)
  },
)
