// SPDX-License-Identifier: Apache-2.0
// A million denied execs: 0 run an instruction of their own. In slices, of which every fourth has the event ring flooded
// while the agent is stopped, and every fourth an agent that is killed and started again and again.
import { release } from 'node:os'
import { Sandbox } from '../test/harness/sandbox.ts'
import { makeImage } from '../test/attempts/image.ts'
import { flood, storm, stormPolicies } from '../test/attempts/storm.ts'
import { assert, say, summary } from './figures.ts'
import { inGuest } from './rounds.ts'

const slice = inGuest ? 2_500 : 25_000
const total = Number(process.env.UNDERPIN_ESCAPES ?? (inGuest ? 20_000 : 1_000_000))

const kinds = ['quiet', 'eight at once', 'ring flooded', 'agent restarted'] as const

/** Runs `act` in the circumstances that the kind says; answers how often the agent was started again. */
async function during(
  s: Sandbox,
  image: ReturnType<typeof makeImage>,
  kind: (typeof kinds)[number],
  act: () => Promise<unknown>,
): Promise<number> {
  let restarts = 0
  if (kind === 'ring flooded') {
    s.child?.kill('SIGSTOP')
    const flooding = flood(s, image)
    await act().finally(() => {
      flooding.kill('SIGKILL')
      s.child?.kill('SIGCONT')
    })
  } else if (kind === 'agent restarted') {
    let over = false
    const acting = act().finally(() => (over = true))
    for (; !over; restarts++) {
      await s.end('SIGKILL')
      await s.startChild()
    }
    await acting
  } else {
    await act()
  }
  return restarts
}

export async function escape(): Promise<void> {
  const image = makeImage()
  const s = new Sandbox()
  const sum = { refused: 0, killed: 0, ran: 0, restarts: 0 }
  const begun = performance.now()
  try {
    await s.start(stormPolicies(s, image), { child: true })
    const control = await storm(s, image, 'open', 100)
    assert(control.ran === 100, 'what is allowed runs, and is seen to')
    for (let done = 0, i = 0; done < total; i++) {
      const kind = kinds[i % kinds.length] ?? 'quiet'
      const count = Math.min(slice, total - done)
      sum.restarts += await during(s, image, kind, async () => {
        const tally = await storm(s, image, 'box', count, kind === 'eight at once' ? 8 : 2)
        for (const key of ['refused', 'killed', 'ran'] as const) sum[key] += tally[key]
      })
      done += count
      const seconds = ((performance.now() - begun) / 1000).toFixed(0)
      say(`  ${done} of ${total} (${kind}): ${sum.ran} ran, ${seconds} s`)
    }
    const told = s.counters()
    assert(
      told.denied === (told.emitted ?? 0) + (told.suppressed ?? 0) + (told.lost ?? 0),
      'every denial is counted',
    )
    summary('escape', { kernel: release(), mechanism: s.mechanism(), total: String(total), ...sum })
    assert(sum.ran === 0 && sum.refused + sum.killed === total, 'none of them ran')
  } finally {
    s.close()
  }
}
