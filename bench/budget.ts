// SPDX-License-Identifier: Apache-2.0
// The one figure that is a test: what a process start costs in a subject whose policy allows it, over the same with nothing
// of ours attached. By instructions, so it is the same on an idle and on a busy machine, and fails when it is too much.
import { Sandbox } from '../test/harness/sandbox.ts'
import { against, allowing, round, times, type Taken } from './exec.ts'
import { assert, say, summary } from './figures.ts'
import { inGuest } from './rounds.ts'

const budget = 1.01
/** A process start alone moves by 0.5 % from round to round; so much of that is left in the median of nine. */
const noise = 0.002
const rounds = 9

export async function startBudget(): Promise<void> {
  if (!inGuest) return say('  a ratio of instructions: measure it with --guest')
  const s = new Sandbox()
  const taken: Taken = {}
  try {
    await s.start(allowing(s))
    for (let i = 0; i < rounds; i++) await round(s, taken, ['none', 'allowed'])
    const { median, low, high } = against(taken, 'allowed', 'p50', times)
    const [ratio, least, most] = [median, low, high].map((value) => value.toFixed(4))
    summary('budget', {
      mechanism: s.mechanism(),
      range: `${least}–${most}`,
      ratio: ratio as string,
      noise: noise.toFixed(3),
      budget: budget.toFixed(3),
    })
    assert(
      median <= budget + noise,
      `an allowed start costs at most ${budget} of one with nothing attached`,
    )
  } finally {
    s.close()
  }
}
