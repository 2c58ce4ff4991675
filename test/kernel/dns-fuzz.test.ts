// SPDX-License-Identifier: Apache-2.0
// The kernel's own DNS parser, compiled for user space, against a second parser: no address may be learned for a name that the
// other one does not give to that name, nor for longer; and what is whole must be learned. UNDERPIN_SEED repeats a run,
// UNDERPIN_MESSAGES changes how many.
import { expect, test } from 'vitest'
import { addressesOf } from '../fuzz/dns-oracle.ts'
import { message } from '../fuzz/dns-inputs.ts'
import { Piped, type ReadAnswer } from '../fuzz/piped.ts'
import { random } from '../fuzz/random.ts'

const messages = Number(process.env['UNDERPIN_MESSAGES'] ?? 1_000_000)
const seed = Number(process.env['UNDERPIN_SEED'] ?? Date.now() % 2 ** 31)
const batch = 5000

interface Learned {
  address: string
  seconds: number
}

const framed = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** What the kernel's parser would learn of a message; see dns-read.c. */
const readLearned: ReadAnswer<Learned[]> = (out, at) => {
  const count = at + 2 <= out.length ? out.readUInt16LE(at) : -1
  const end = at + 2 + count * 21
  if (count < 0 || end > out.length) return null
  const answer: Learned[] = []
  for (let one = at + 2; one < end; one += 21) {
    const family = out.readUInt8(one)
    const size = family === 4 ? 4 : 16
    const address = `${family}:${out.toString('hex', one + 1, one + 1 + size)}`
    answer.push({ address, seconds: out.readUInt32LE(one + 17) })
  }
  return { answer, end }
}

test(
  `of ${messages} messages nothing is learned that a second parser does not find (seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    const parser = new Piped('dns-read.c', readLearned)
    const next = random(seed)
    const seen = { total: 0, learned: 0, refusedByBoth: 0, lessThanOther: 0 }
    try {
      while (seen.total < messages) {
        const inputs = Array.from({ length: Math.min(batch, messages - seen.total) }, () =>
          message(next),
        )
        const answers = await parser.ask(
          inputs.map(({ bytes }) => framed(bytes)),
          framed(Buffer.alloc(0)),
        )
        for (const [i, { bytes, whole }] of inputs.entries()) {
          const ours = answers[i] ?? []
          const theirs = addressesOf(bytes)
          seen.total++
          const wrong = ours.filter(
            ({ address, seconds }) => seconds > (theirs?.get(address) ?? -1),
          )
          if (wrong.length > 0)
            expect.fail(
              `${bytes.toString('hex')}: ${JSON.stringify(wrong)} is not in ${JSON.stringify([...(theirs ?? [])])}`,
            )
          if (whole && theirs?.size !== new Set(ours.map(({ address }) => address)).size)
            expect.fail(
              `${bytes.toString('hex')}: only ${JSON.stringify(ours)} of ${JSON.stringify([...(theirs ?? [])])}`,
            )
          if (ours.length > 0) seen.learned++
          else if (theirs && theirs.size > 0) seen.lessThanOther++
          else seen.refusedByBoth++
        }
      }
    } finally {
      parser.close()
    }
    console.log(`seed ${seed}: ${JSON.stringify(seen)}`)
    // A parser that refuses everything proves nothing.
    expect(seen.learned / seen.total).toBeGreaterThan(0.2)
  },
)
