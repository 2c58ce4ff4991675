// SPDX-License-Identifier: Apache-2.0
// What it costs that mapped code must come from the image: a tiny program that loads 200 shared objects. The objects are
// made on the machine, where a guest finds them as what it came with.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documents, need, Sandbox } from '../test/harness/sandbox.ts'
import { detached } from './detach.ts'
import { assert, quantile, say, show, spread, summary } from './figures.ts'
import { compile, measured } from './programs.ts'
import { inGuest, unit } from './rounds.ts'

const objects = 200
const folder = new URL('../.cache/bench-objects', import.meta.url).pathname
const object = (i: number) => join(folder, `lib${i}.so`)

/** As files of their own, so that the loader maps each. */
export function prepareCode(): void {
  if (existsSync(folder)) return
  const begun = `${folder}.${process.pid}`
  rmSync(begun, { recursive: true, force: true })
  mkdirSync(begun, { recursive: true })
  const source = join(begun, 'object.c')
  const first = join(begun, 'lib0.so')
  writeFileSync(source, 'int bench_object(void) { return 0; }\n')
  compile(source, first, '-shared', '-fPIC', '-nostdlib')
  for (let i = 1; i < objects; i++) copyFileSync(first, join(begun, `lib${i}.so`))
  renameSync(begun, folder)
}

const variants = ['none', 'outside', 'allowed', 'audit'] as const
const rounds = 5
const count = 10

/** The median start, in thousands of instructions. */
async function start(s: Sandbox, variant: (typeof variants)[number]): Promise<number> {
  let took: number[] = []
  const act = async () => {
    const preload = Array.from({ length: objects }, (_, i) => object(i)).join(':')
    const { code, stdout, stderr } = await s.run(
      variant === 'none' ? 'allowed' : variant,
      [measured('spawn'), String(count), need('true'), `LD_PRELOAD=${preload}`],
      { timeout: 600_000 },
    )
    assert(code === 0, `it starts in "${variant}": ${stderr}`)
    took = stdout.trim().split('\n').map(Number)
  }
  const { code = 0, denied = 0 } = await s.counted(() =>
    variant === 'none' ? detached(s.pins, act) : act(),
  )
  const decided = variant === 'allowed' || variant === 'audit'
  assert(decided === code >= count * objects, `"${variant}": ${code} mappings decided`)
  assert((variant === 'audit') === denied >= count, `"${variant}": ${denied} denied`)
  return quantile(
    took.toSorted((a, b) => a - b),
    0.5,
  )
}

export async function code(): Promise<void> {
  if (!inGuest)
    return say('  mapping is decided by lsm and fmod_ret hooks: measure it with --guest')
  const s = new Sandbox()
  const taken = variants.map(() => [] as number[])
  try {
    const exe = [measured('spawn'), need('true')]
    await s.start(
      documents(
        s.policy('allowed', 'allowed', { code: 'image', processes: [{ exe }] }),
        s.policy('audit', 'audit', { code: 'image', processes: [], mode: 'audit' }),
      ),
    )
    s.folder('allowed')
    for (let i = 0; i < rounds; i++)
      for (const [n, variant] of variants.entries()) taken[n]?.push(await start(s, variant))
    const mechanism = s.mechanism()
    say(
      `start of true with ${objects} shared objects, ${unit}, median (range) of ${rounds} rounds of ${count}; by ${mechanism}`,
    )
    const values: Record<string, number> = {}
    const none = taken[0] ?? []
    for (const [n, variant] of variants.entries()) {
      const all = taken[n] ?? []
      const ratio = spread(all.map((one, i) => one / (none[i] ?? NaN)))
      const added = spread(all.map((one, i) => one - (none[i] ?? NaN)))
      say(
        `  ${variant.padEnd(8)} ${show(spread(all)).padEnd(22)} ratio ${show(ratio).padEnd(22)} added ${show(added)}`,
      )
      values[`ratio_${variant}`] = ratio.median
      // Each object, the program, the loader and the C library map code once.
      if (variant === 'allowed')
        values.instructions_per_mapping = (added.median * 1000) / (objects + 3)
    }
    summary('code --guest', { mechanism, unit: unit.replaceAll(' ', '_'), ...values })
  } finally {
    s.close()
  }
}
