// SPDX-License-Identifier: Apache-2.0
// What opening a file costs: where no policy asks for files, where one does but not for this process, and where one
// decides; by the instructions of open and close together, and of the program that decides.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documents, Sandbox } from '../test/harness/sandbox.ts'
import { detached } from './detach.ts'
import { assert, round, say, show, spread, summary } from './figures.ts'
import { measured } from './programs.ts'
import { withProgramStats } from './program-stats.ts'
import { inGuest } from './rounds.ts'

const count = 5_000
const rounds = 5

/** Where no policy asks for files: in a subject. Where some do: in no subject; in one without rules about files; with. */
const unasked = ['none', 'unasked'] as const
const asked = ['none', 'outside', 'without', 'with', 'audit'] as const
type Variant = (typeof unasked)[number] | (typeof asked)[number]
type Taken = Partial<Record<Variant, number[]>>

async function cost(s: Sandbox, where: string, file: string): Promise<number> {
  const { code, stdout, stderr } = await s.run(where, [measured('open'), String(count), file])
  assert(code === 0, `the file is opened in "${where}": ${stderr}`)
  return Number(stdout)
}

const hook = (s: Sandbox) => {
  const links = ['lsm', 'fmod_ret'].map((by) => join(s.pins, 'links', `file_${by}_file_open`))
  return links.find((link) => existsSync(link))
}

/** With what the kernel must have counted. */
async function measure(s: Sandbox, variant: Variant, file: string): Promise<number> {
  let took = NaN
  const act = async () => {
    took = await cost(s, variant === 'none' ? 'with' : variant, file)
  }
  const counted = await s.counted(() => (variant === 'none' ? detached(s.pins, act) : act()))
  const decided = variant === 'with' || variant === 'audit'
  assert(decided === (counted.file ?? 0) >= count, `"${variant}": ${counted.file} decided`)
  assert(
    (variant === 'audit') === (counted.denied ?? 0) >= count,
    `"${variant}": ${counted.denied}`,
  )
  return took
}

function report(taken: Taken): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [variant, all] of Object.entries(taken)) {
    const over = spread(all.map((one, i) => one - (taken.none?.[i] ?? NaN)))
    say(`    ${variant.padEnd(8)} ${show(spread(all)).padEnd(22)} added ${show(over)}`)
    if (variant !== 'none') values[`added_${variant}`] = over.median
  }
  return values
}

export async function open(): Promise<void> {
  if (!inGuest)
    return say('  files are decided by lsm and fmod_ret hooks: measure them with --guest')
  const s = new Sandbox()
  const file = join(s.files, 'settings')
  const exe = measured('open')
  const listed = (name: string, files?: object[], mode: 'enforce' | 'audit' = 'enforce') =>
    s.policy(name, name, { mode, processes: [{ exe, ...(files && { files }) }] })
  const plain = [listed('unasked'), listed('without')]
  // A folder of everything beside the file itself, since the loader opens files as well.
  const files = ['/**', file].map((path) => ({ path, access: 'read' }))
  const others = [{ path: '/nothing', access: 'read' }]
  const inAll = async (variants: readonly Variant[]) => {
    const taken: Taken = {}
    for (let i = 0; i < rounds; i++)
      for (const variant of i % 2 ? variants.toReversed() : variants)
        (taken[variant] ??= []).push(await measure(s, variant, file))
    return report(taken)
  }
  try {
    writeFileSync(file, 'x')
    await s.start(documents(...plain, listed('with')))
    s.folder('with')
    assert(hook(s) === undefined, 'nothing is attached for files that nobody asks for')
    const mechanism = s.mechanism()
    say(
      `open + close, instructions, median (range) of ${rounds} rounds of ${count}; files by ${mechanism}`,
    )
    say('  no policy asks for files')
    const values = await inAll(unasked)
    await s.setPolicies(
      documents(...plain, listed('with', files), listed('audit', others, 'audit')),
    )
    assert(hook(s) !== undefined, 'what is asked for is attached')
    say('  some policy does')
    Object.assign(values, await inAll(asked))
    for (const variant of ['without', 'with'] as const) {
      const programs = await withProgramStats(s.pins, () => cost(s, variant, file))
      const name = [...programs.keys()].find((one) => one.endsWith('file_open')) ?? ''
      const { runs, nanoseconds } = programs.get(name) ?? { runs: 0, nanoseconds: NaN }
      assert(runs >= count, `"${name}" runs for each`)
      say(`  ${name}, ${variant} rules: ${round(nanoseconds)} instructions a run`)
      values[`program_${variant}`] = nanoseconds
    }
    summary('open --guest', { mechanism, ...values })
  } finally {
    s.close()
  }
}
