// SPDX-License-Identifier: Apache-2.0
// What it costs that mapped code must come from the image: a tiny program that loads 200 shared objects. The objects are
// made on the machine, where a guest finds them as what it came with.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { need } from '../test/harness/sandbox.ts'
import { say, summary } from './figures.ts'
import { compare, inGuest, report, unit, type Work } from './rounds.ts'

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
  const compiler = ['clang-19', 'clang', 'clang-14', 'cc'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  )
  const made = spawnSync(compiler ?? 'cc', ['-shared', '-fPIC', '-nostdlib', '-o', first, source], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`cannot compile a shared object: ${made.stderr}`)
  for (let i = 1; i < objects; i++) copyFileSync(first, join(begun, `lib${i}.so`))
  renameSync(begun, folder)
}

export async function code(): Promise<void> {
  if (!inGuest)
    return say('  mapping is decided by lsm and fmod_ret hooks: measure it with --guest')
  const preload = Array.from({ length: objects }, (_, i) => object(i)).join(':')
  // Once more than asked for, also when it is 0: what is read for the first time is not what is measured.
  const loop = `i=-1; while [ $i -lt $1 ]; do LD_PRELOAD=${preload} /bin/true; i=$((i+1)); done`
  const work: Work = {
    what: `start of /bin/true with ${objects} shared objects`,
    argv: (count) => [need('env'), need('sh'), '-c', loop, 'sh', String(count)],
    count: 20,
    rounds: 3,
    allow: { code: 'image', processes: [{ exe: [need('env'), need('sh'), need('true')] }] },
    moves: ['exec', 'code'],
  }
  const outcome = await compare(work)
  report(work, outcome)
  const { cost, ratio, added, mechanism } = outcome
  // Each object, the program, the loader and the C library map code once.
  const mappings = objects + 3
  summary('code --guest', {
    mechanism,
    unit: unit.replaceAll(' ', '_'),
    none: cost.none.median,
    allowed: cost.allowed.median,
    ratio_allowed: ratio.allowed.median,
    instructions_per_mapping: (added.allowed.median * 1000) / mappings,
  })
}
