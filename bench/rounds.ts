// SPDX-License-Identifier: Apache-2.0
// Interleaved rounds of the same work: nothing attached / attached, but outside of every subject / in a subject whose
// enforced policy allows it / in a subject whose audited policy would deny it, so that each decision is counted.
// Every second round measures "not attached" last instead of first.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { disarm } from '../enforcer/src/index.ts'
import { documents, Sandbox, type ClusterSpec } from '../test/harness/sandbox.ts'
import { assert, round, say, show, spread, type Spread } from './figures.ts'
import { withProgramStats, type ProgramStats } from './program-stats.ts'

export const variants = ['none', 'outside', 'allowed', 'audit'] as const
export type Variant = (typeof variants)[number]

export interface Work {
  /** The program that does `count` of what is measured, in a cgroup. */
  argv: (count: number) => string[]
  count: number
  rounds: number
  /** What it needs to be allowed. */
  allow: ClusterSpec
  /** Counters that must move by at least `count` when it is in a subject. */
  moves: string[]
  /** Of one of `count`, for people. */
  what: string
}

export interface Outcome {
  cost: Record<Variant, Spread>
  /** Over "not attached", round by round. */
  ratio: Record<Variant, Spread>
  added: Record<Variant, Spread>
  mechanism: string
  /** By program; allowed variant. */
  programs: Map<string, ProgramStats>
}

/** In a guest whose clock counts instructions a microsecond is a thousand of them. */
export const inGuest = process.env.UNDERPIN_BENCH_CLOCK === 'instructions'
export const unit = inGuest ? 'thousand instructions' : 'µs of CPU'

/** CPU time of everything that ran in the cgroup, in microseconds. */
export const usage = (folder: string): number =>
  Number(/usage_usec (\d+)/.exec(readFileSync(join(folder, 'cpu.stat'), 'utf8'))?.[1])

async function cpu(s: Sandbox, cgroup: string, argv: string[]): Promise<number> {
  const folder = s.folder(cgroup)
  const before = usage(folder)
  const { code, stderr } = await s.run(cgroup, argv, { timeout: 600_000 })
  assert(code === 0, `"${argv[0]}" ends well in "${cgroup}": ${stderr}`)
  return usage(folder) - before
}

/** Programs at tracepoints run for everybody on the machine: of several tries the one with the fewest runs counts. */
async function quietest(
  act: () => Promise<Map<string, ProgramStats>>,
): Promise<Map<string, ProgramStats>> {
  const runs = (stats: Map<string, ProgramStats>) =>
    [...stats.values()].reduce((sum, one) => sum + one.runs, 0)
  let best = await act()
  for (let i = 1; i < (inGuest ? 1 : 7); i++) {
    const next = await act()
    if (runs(next) < runs(best)) best = next
  }
  return best
}

const collected = () =>
  Object.fromEntries(variants.map((v) => [v, [] as number[]])) as Record<Variant, number[]>

export async function compare(work: Work): Promise<Outcome> {
  const cost = collected()
  let programs = new Map<string, ProgramStats>()
  let mechanism = ''
  for (let number = 0; number < work.rounds; number++) {
    const s = new Sandbox()
    try {
      const measure = async (variant: Variant) => {
        const start = await cpu(s, variant, work.argv(0)) // also warms up
        const all = await cpu(s, variant, work.argv(work.count))
        cost[variant].push((all - start) / work.count)
      }
      const late = number % 2 === 1
      if (!late) await measure('none')
      await s.start(
        documents(
          s.policy('allowed', 'allowed', { ...work.allow, mode: 'enforce' }),
          s.policy('audit', 'audit', { processes: [], mode: 'audit' }),
        ),
      )
      mechanism = s.mechanism()
      await measure('outside')
      const allowed = await s.counted(() => measure('allowed'))
      for (const counter of work.moves)
        assert((allowed[counter] ?? 0) >= work.count, `"${counter}" counts what is allowed`)
      assert(allowed.denied === 0, 'nothing allowed is denied')
      const audited = await s.counted(() => measure('audit'))
      assert((audited.denied ?? 0) >= work.count, 'what would be denied is counted')
      if (number === work.rounds - 1)
        programs = await quietest(() =>
          withProgramStats(s.pins, () => cpu(s, 'allowed', work.argv(work.count))),
        )
      if (late) {
        s.agent?.stop()
        s.agent = undefined
        disarm(s.pins)
        await measure('none')
      }
    } finally {
      s.close()
    }
    say(
      `  round ${number + 1} of ${work.rounds}: ${variants.map((v) => `${v} ${round(cost[v].at(-1) ?? NaN)}`).join(', ')} ${unit}`,
    )
  }
  return { ...compared(cost), mechanism, programs }
}

function compared(cost: Record<Variant, number[]>): Pick<Outcome, 'cost' | 'ratio' | 'added'> {
  const over = (how: (value: number, none: number) => number) =>
    Object.fromEntries(
      variants.map((v) => [v, spread(cost[v].map((value, i) => how(value, cost.none[i] ?? NaN)))]),
    ) as Record<Variant, Spread>
  return {
    cost: over((value) => value),
    ratio: over((value, none) => value / none),
    added: over((value, none) => value - none),
  }
}

export function report(work: Work, { cost, ratio, added, mechanism, programs }: Outcome): void {
  say(`${work.what}, ${unit}, median (range) of ${work.rounds} rounds; exec by ${mechanism}`)
  for (const v of variants)
    say(
      `  ${v.padEnd(8)} ${show(cost[v]).padEnd(26)} added ${show(added[v]).padEnd(26)} ratio ${show(ratio[v])}`,
    )
  for (const [name, { runs, nanoseconds }] of programs)
    if (runs >= work.count / 10)
      say(
        `  ${name.padEnd(16)} ${round(nanoseconds).padStart(6)} ${inGuest ? 'instructions' : 'ns'}, ${round(runs / work.count)} runs for each`,
      )
}
