// SPDX-License-Identifier: Apache-2.0
// What a process start costs, with few and many policies and subjects on the node: posix_spawn, exec, exit and wait of a
// tiny program, one by one, so that the slowest of a hundred can be told; and the exec decision by itself.
import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { documents, ended, need, Sandbox } from '../test/harness/sandbox.ts'
import { addSubjects, crowdPolicy, podPolicy, pods } from './crowd.ts'
import { detached } from './detach.ts'
import {
  assert,
  quantile,
  round as digits,
  say,
  show,
  spread,
  summary,
  type Spread,
} from './figures.ts'
import { measured } from './programs.ts'
import { clockCost, eachRun } from './program-stats.ts'
import { inGuest, unit } from './rounds.ts'

/** Starts in each round of each size. */
const count = inGuest ? 100 : 500
const rounds = inGuest ? 5 : 9
/** Steps for the programs by themselves, of each size. */
const decisions = inGuest ? 100 : 2000
const deciding = ['exec_lsm', 'exec_fmod_ret', 'exec_done']
/** What else a process passes from its start to its end. */
const following = ['identity_fork', 'identity_exit']

const sizes = [
  { policies: 1, subjects: 10 },
  { policies: 100, subjects: 10 },
  { policies: 1000, subjects: 10 },
  { policies: 1000, subjects: 10_000 },
] as const
type Size = (typeof sizes)[number]

/** Median and p99 of the CPU time of one start, in microseconds (in a guest: thousands of instructions). */
interface Start {
  p50: number
  p99: number
}

async function starts(s: Sandbox, where: string): Promise<Start> {
  const { code, stdout, stderr } = await s.run(
    where,
    [measured('spawn'), String(count), need('true')],
    { timeout: 600_000 },
  )
  assert(code === 0, `programs start in "${where}": ${stderr}`)
  const took = stdout.trim().split('\n').map(Number)
  assert(took.length === count, `each start is measured (${took.length})`)
  took.sort((a, b) => a - b)
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) }
}

/** Policies that make "allowed" a subject whose enforced policy lists what runs in it, and the policies of others. */
export const allowing = (s: Sandbox, others = 0): string =>
  documents(
    s.policy('allowed', 'allowed', { processes: [{ exe: [measured('spawn'), need('true')] }] }),
    s.policy('audit', 'audit', { processes: [], mode: 'audit' }),
    crowdPolicy(s),
    ...Array.from({ length: others }, (_, i) => podPolicy(i)),
  )

export const variants = ['none', 'outside', 'allowed', 'audit'] as const
type Variant = (typeof variants)[number]
export type Taken = Partial<Record<Variant, Start[]>>

/** One round: nothing attached, attached but in no subject, and in subjects, with what must have been decided. */
export async function round(s: Sandbox, taken: Taken, wanted: readonly Variant[]): Promise<void> {
  s.folder('allowed')
  for (const variant of wanted) {
    let start: Start = { p50: NaN, p99: NaN }
    const measure = async () => {
      start = await starts(s, variant === 'none' ? 'allowed' : variant)
    }
    const { exec = 0, denied = 0 } = await s.counted(() =>
      variant === 'none' ? detached(s.pins, measure) : measure(),
    )
    const inSubject = variant === 'allowed' || variant === 'audit'
    assert(inSubject ? exec >= count : exec < count, `"${variant}": ${exec} decided`)
    assert(variant === 'audit' || denied === 0, `"${variant}": ${denied} denied`)
    ;(taken[variant] ??= []).push(start)
  }
}

/** Round by round. */
export const against = (
  taken: Taken,
  variant: Variant,
  which: keyof Start,
  how: (value: number, none: number) => number,
): Spread =>
  spread(
    (taken[variant] ?? []).map((start, i) => how(start[which], taken.none?.[i]?.[which] ?? NaN)),
  )
export const times = (value: number, none: number) => value / none
const added = (value: number, none: number) => value - none

async function grow(s: Sandbox, size: Size, before: Size): Promise<void> {
  if (size.policies !== before.policies) await s.setPolicies(allowing(s, size.policies - 1), pods)
  addSubjects(s, size.subjects)
  const found = s.tables().subjects.size()
  assert(found >= size.subjects, `${size.subjects} subjects are there (${found})`)
}

/** What our programs take of one start, in nanoseconds (in a guest: instructions). */
class Programs {
  /** By size: of the exec decision, and of all that a start passes. */
  readonly decision = new Map<string, number[]>()
  readonly all = new Map<string, number[]>()

  async measure(s: Sandbox, name: string): Promise<void> {
    const child: ChildProcess = s.spawn('allowed', [measured('spawn'), '-', need('true')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const step = async () => {
      const answer = once(child.stdout as NodeJS.ReadableStream, 'data')
      child.stdin?.write('x')
      await answer
    }
    for (let i = 0; i < 20; i++) await step()
    const runs = await eachRun(s.pins, [...deciding, ...following], decisions, step)
    child.stdin?.end()
    await ended(child)
    const sum = (run: Map<string, number>, names: readonly string[]) =>
      names.reduce((sum, one) => sum + (run.get(one) ?? 0), 0)
    const add = (to: Map<string, number[]>, names: readonly string[]) =>
      to.set(name, [...(to.get(name) ?? []), ...runs.map((run) => sum(run, names))])
    add(this.decision, deciding)
    add(this.all, [...deciding, ...following])
  }

  report(mechanism: string): void {
    const unit = inGuest ? 'instructions' : 'ns'
    say(
      `programs by themselves, ${unit} of one start, exec by ${mechanism} (less ${clockCost().toFixed(1)} for the statistics' own clock, each)`,
    )
    const values: Record<string, number> = {}
    const of = (numbers: number[] = [], q: number) =>
      quantile(
        numbers.toSorted((a, b) => a - b),
        q,
      )
    for (const [name, decision] of this.decision) {
      const all = this.all.get(name)
      say(
        `  ${name.padEnd(11)} decision median ${digits(of(decision, 0.5))}, p99 ${digits(of(decision, 0.99))}; with fork and exit median ${digits(of(all, 0.5))}, p99 ${digits(of(all, 0.99))}; of ${decision.length}`,
      )
      values[`p50_${name}`] = of(decision, 0.5)
      values[`p99_${name}`] = of(decision, 0.99)
      values[`all_p50_${name}`] = of(all, 0.5)
    }
    summary(inGuest ? 'exec-programs --guest' : 'exec-programs', { mechanism, unit, ...values })
  }
}

export async function exec(): Promise<void> {
  const s = new Sandbox()
  const programs = new Programs()
  const values: Record<string, number> = {}
  try {
    await s.start(allowing(s))
    const mechanism = s.mechanism()
    say(
      `posix_spawn + exec + exit + wait of true, ${unit}, median (range) of ${rounds} rounds of ${count}; exec by ${mechanism}`,
    )
    let before: Size = sizes[0]
    for (const size of sizes) {
      await grow(s, size, before)
      before = size
      const taken: Taken = {}
      for (let i = 0; i < rounds; i++)
        await round(s, taken, i % 2 ? variants.toReversed() : variants)
      const name = `${size.policies}_${size.subjects}`
      say(`  ${size.policies} policies, ${size.subjects} subjects`)
      for (const variant of variants) {
        const ratio = against(taken, variant, 'p50', times)
        const more = against(taken, variant, 'p50', added)
        const slow = against(taken, variant, 'p99', added)
        say(
          `    ${variant.padEnd(8)} ${show(against(taken, variant, 'p50', (value) => value)).padEnd(20)} ratio ${show(ratio).padEnd(22)} added at p50 ${show(more)}, at p99 ${show(slow)}`,
        )
        values[`ratio_${variant}_${name}`] = ratio.median
      }
      await programs.measure(s, name)
    }
    programs.report(mechanism)
    summary(inGuest ? 'exec --guest' : 'exec', {
      mechanism,
      unit: unit.replaceAll(' ', '_'),
      ...values,
    })
  } finally {
    s.close()
  }
}
