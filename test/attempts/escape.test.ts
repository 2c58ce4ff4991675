// SPDX-License-Identifier: Apache-2.0
// The escape race: of many denied execs none runs an instruction of its own, whatever else goes on.
// UNDERPIN_ESCAPES says how many in all: 20,000 on a machine, fewer in each of two guests (test/guest/matrix.ts);
// `npm run bench -- escape` tries a million.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isPreemptible } from '../../enforcer/src/kernel/preemption.ts'
import { Sandbox, until } from '../harness/sandbox.ts'
import { makeImage, type Image } from './image.ts'
import { flood, storm, stormPolicies, type Tally } from './storm.ts'

const total = Number(process.env.UNDERPIN_ESCAPES ?? 20_000)
const each = Math.ceil(total / 4)
const hour = 3_600_000
/** In the names, so that the figure is seen. */
const none = `0 of ${each} denied execs run an instruction`

let s: Sandbox
let image: Image

beforeAll(async () => {
  image = makeImage()
  s = new Sandbox()
  await s.start(stormPolicies(s, image), { child: true })
}, 900_000)
afterAll(() => s.close())

function expectNoneRan({ refused, killed, ran }: Tally): void {
  expect(ran).toBe(0)
  expect(refused + killed).toBe(each)
  if (s.mechanism() === 'signal') expect(refused).toBe(0)
  // Killed by the second look, where the kernel has skipped the check.
  else if (s.mechanism() === 'lsm' || !isPreemptible()) expect(killed).toBe(0)
}
/** The report has each of them. */
async function counted(act: () => Promise<Tally>): Promise<Tally> {
  const sum = () =>
    s
      .records()
      .filter(({ subject, decision }) => subject.name === 'box' && decision === 'exec')
      .reduce((all, { count }) => all + count, 0)
  const before = sum()
  const tally = await act()
  expect(sum() - before).toBe(each)
  const { denied, emitted = 0, suppressed = 0, lost = 0, signal_failed } = s.counters()
  expect(denied).toBe(emitted + suppressed + lost)
  expect(signal_failed).toBe(0)
  return tally
}

test('what is allowed runs, and is seen to', async () => {
  expect(await storm(s, image, 'open', 50)).toEqual({ refused: 0, killed: 0, ran: 50 })
})

test(`${none}, one after the other`, { timeout: hour }, async () => {
  expectNoneRan(await counted(() => storm(s, image, 'box', each, 1)))
})

test(`${none}, eight at once`, { timeout: hour }, async () => {
  expectNoneRan(await counted(() => storm(s, image, 'box', each, 8)))
})

test(
  `${none} while the agent is killed and started, again and again`,
  { timeout: hour },
  async () => {
    let over = false
    const storming = counted(() => storm(s, image, 'box', each)).finally(() => (over = true))
    let restarts = 0
    while (!over) {
      await s.end('SIGKILL')
      await s.startChild()
      restarts++
    }
    expectNoneRan(await storming)
    expect(restarts).toBeGreaterThan(0)
  },
)

test(`${none} while the ring overflows and the agent is stopped`, { timeout: hour }, async () => {
  const before = s.counters().lost ?? 0
  s.child?.kill('SIGSTOP')
  const flooding = flood(s, image)
  try {
    await until('the ring overflows', () => (s.counters().lost ?? 0) > before)
    expectNoneRan(await storm(s, image, 'box', each))
  } finally {
    flooding.kill('SIGKILL')
    s.child?.kill('SIGCONT')
  }
})
