// SPDX-License-Identifier: Apache-2.0
// Every attempt, twice: where its policy is enforced nothing forbidden runs, and where it is audited the attempt works –
// so it is a real one – and is in the report. One agent for all of them, each in a cgroup of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeFd, openPin, pin } from '../../enforcer/src/kernel/libbpf.ts'
import type { State } from '../../enforcer/src/index.ts'
import { documents, kernelAtLeast, Sandbox, type ClusterSpec } from '../harness/sandbox.ts'
import { fromImage, type Attempt, type Where } from './attempt.ts'
import { Stage, type Outcome } from './container.ts'
import { makeImage, type Image } from './image.ts'
import { attempts, sections } from './table.ts'

const postures = ['enforce', 'audit'] as const
type Posture = (typeof postures)[number]

/** On this machine, and in the guest of the oldest kernel (test/guest/matrix.ts). */
const withFloods = process.env['UNDERPIN_FLOODS'] !== '0'

let s: Sandbox
let image: Image
let stage: Stage
/** One for each mode: a process has one tracer at a time. */
let outsiders: Record<Posture, ChildProcess>
/** Every policy there is, as JSON. */
let specs: string[]
let mechanisms: State['mechanisms']

beforeAll(async () => {
  image = makeImage()
  s = new Sandbox()
  stage = await Stage.make(image, join(s.files, 'stage'))
  const outsider = () => spawn(join(image.folder, 'bin/try'), ['stays'], { stdio: 'ignore' })
  outsiders = { audit: outsider(), enforce: outsider() }
  const lenient = s.policy('lenient', '**/lenient*', { processes: [{ exe: ['/**'] }] })
  s.folder('free')
  s.folder('lenient')
  specs = [...new Set(attempts.map((attempt) => JSON.stringify(specOf(attempt))))]
  const all = postures.flatMap((mode) =>
    specs.map((spec, i) =>
      s.policy(`${mode}-${i}`, `${mode}/${i}-*`, { ...(JSON.parse(spec) as ClusterSpec), mode }),
    ),
  )
  await s.start(documents(lenient, ...all))
  mechanisms = s.current().mechanisms
}, 900_000)
afterAll(() => {
  stage?.close()
  for (const outsider of Object.values(outsiders)) outsider.kill('SIGKILL')
  s?.close()
})

/** Attempts of the same policy share it: the number of the policy, then that of the attempt. */
const groupOf = (attempt: Attempt) => specs.indexOf(JSON.stringify(specOf(attempt)))
const cgroupOf = (attempt: Attempt, mode: Posture) =>
  `${mode}/${groupOf(attempt)}-${attempts.indexOf(attempt)}`

const whereOf = (attempt: Attempt, mode: Posture): Where => ({
  image,
  cgroup: cgroupOf(attempt, mode),
  outsider: outsiders[mode].pid ?? 0,
  pin: `/pins/maps/${mode}-${attempt.name}`,
})
const specOf = ({ policy }: Attempt): ClusterSpec =>
  typeof policy === 'function' ? policy({ image }) : policy

/** What the state says of the decisions that could stop it. */
const rowsOf = ({ needs }: Attempt) =>
  needs.map((need) => mechanisms.find(({ decision }) => decision === need))

/** Whether anything on this kernel can stop it. */
function canBeStopped(attempt: Attempt): boolean {
  const { unless } = attempt
  const found = rowsOf(attempt)
  if (unless && found.some((one) => unless.test(one?.degraded ?? ''))) return false
  return found.some((one) => one && one.mechanism !== 'none')
}

/** Nothing here stops it, which the state says of each decision that could, with the way to get it; and so it works. */
function expectDegraded(attempt: Attempt, { marks, output }: Outcome): void {
  for (const [i, row] of rowsOf(attempt).entries()) {
    expect(row?.degraded, `what the state says of "${attempt.needs[i]}"`).toMatch(/\w/)
    expect(row?.better, `what would be better for "${attempt.needs[i]}"`).toMatch(/\w/)
  }
  expect(marks, `Degraded says that nothing stops it: ${output}`).toContain('ran')
}

/** How often the kernel has not called a program that decides, because another process was interrupted in it. */
function skips(): number {
  const folder = join(s.pins, 'programs')
  let sum = 0
  for (const name of fs.readdirSync(folder)) {
    const program = openPin(join(folder, name))
    const about = fs.readFileSync(`/proc/self/fdinfo/${program}`, 'utf8')
    sum += Number(/^recursion_misses:\s*(\d+)/m.exec(about)?.[1] ?? 0)
    closeFd(program)
  }
  return sum
}

/** Where the state says that the kernel may skip the decision, and it has just done so, the attempt is made once more. */
async function unlessSkipped(attempt: Attempt, act: () => Promise<void>): Promise<void> {
  const may = rowsOf(attempt).every((row) =>
    /may take the processor away/.test(row?.degraded ?? ''),
  )
  if (!may) return act()
  for (let round = 1; ; round++) {
    const before = skips()
    try {
      return await act()
    } catch (error) {
      if (round === 4 || skips() === before) throw error
      console.log(`skipped by the kernel, as the state says it may be: ${attempt.name}`)
    }
  }
}

async function make(attempt: Attempt, mode: Posture): Promise<Outcome> {
  const where = whereOf(attempt, mode)
  const cgroup = s.folder(where.cgroup)
  const volume = join(s.files, 'volumes', `${mode}-${attempt.name}`)
  fs.mkdirSync(volume, { recursive: true })
  fs.writeFileSync(join(volume, 'secret'), 'secret\n')
  if (attempt.arguments?.(where).includes(where.pin)) {
    const at = where.pin.replace('/pins', s.pins)
    fs.rmSync(at, { force: true })
    pin(openPin(join(s.pins, 'maps/control')), at)
  }
  const program = (attempt.program ?? attempt.name).replaceAll('-', '_')
  const container = {
    cgroup,
    volumes: { [volume]: '/volume', [s.cgroup]: '/cgroup', [s.pins]: '/pins' },
    descriptor: image.evil,
    ...attempt.container,
  }
  if (attempt.late) {
    const entry = stage.start(container, ['/bin/try', 'stays'])
    await new Promise<void>((resolve) => entry.stdout?.once('data', () => resolve()))
  }
  const argv = ['/bin/try', program, ...(attempt.arguments?.(where) ?? [])]
  return stage.run(container, argv, { late: attempt.late ?? false })
}

/** What the report must say, and how often is not asked: some attempts try more than once. */
function expectReported(attempt: Attempt, mode: Posture): void {
  const records = s.recordsOf(s.folder(cgroupOf(attempt, mode)))
  const fits = records.filter(
    ({ decision, rule, policy, outcome, executable }) =>
      decision === (attempt.decision ?? 'exec') &&
      attempt.rule.split(' or ').includes(rule ?? '') &&
      policy === `ClusterRuntimePolicy/${mode}-${groupOf(attempt)}` &&
      outcome === (mode === 'audit' ? 'would-deny' : 'denied') &&
      (attempt.executable === undefined ||
        (typeof attempt.executable === 'string'
          ? executable === attempt.executable
          : attempt.executable.test(executable ?? ''))),
  )
  const wanted = [attempt.decision ?? 'exec', attempt.rule, attempt.executable ?? 'any']
  const told = records.map((one) => `${one.outcome} ${one.decision} ${one.rule} ${one.executable}`)
  expect(fits.length, `a record of ${wanted.join(' ')} among [${told.join('; ')}]`).toBeGreaterThan(
    0,
  )
}

const guards = () =>
  mechanisms.some(({ decision, mechanism }) => decision === 'guard' && mechanism !== 'none')

function expectGuarded(attempt: Attempt, { marks, output }: Outcome): void {
  expect(marks, output).not.toContain('ran')
  const records = s.recordsOf(s.folder(cgroupOf(attempt, 'audit')))
  expect(records.map(({ decision }) => decision)).toContain('guard')
}

const isGap = ({ gap }: Attempt) => gap !== undefined && (!gap.on || gap.on === s.mechanism())

/** Not offered by this kernel, which the attempt must expect. */
function isMissing(attempt: Attempt, { status, output }: Outcome): boolean {
  if (status !== 77) return false
  expect(attempt.mayLack, output).toBeDefined()
  return true
}

// Most of a container's time is waiting for namespaces to go.
describe.for(Object.entries(sections))('%s', { concurrent: true, timeout: 300_000 }, ([, list]) => {
  describe.for(list.map((attempt) => [attempt.name, attempt] as const))('%s', ([, attempt]) => {
    const here = (!attempt.since || kernelAtLeast(attempt.since)) && (!attempt.floods || withFloods)

    test.runIf(here)(
      `${attempt.tries}: enforced, ${attempt.gap && !attempt.gap.on ? 'a known gap' : 'nothing of it runs'}`,
      () =>
        unlessSkipped(attempt, async () => {
          const outcome = await make(attempt, 'enforce')
          if (isMissing(attempt, outcome)) return
          if (!canBeStopped(attempt)) return expectDegraded(attempt, outcome)
          if (isGap(attempt)) return void expect(outcome.marks, 'a known gap').toContain('ran')
          expect(outcome.marks, outcome.output).not.toContain('ran')
          expectReported(attempt, 'enforce')
        }),
    )

    const audited = attempt.guarded ? 'it is refused where it can be' : 'it works and is reported'
    test.runIf(here)(`${attempt.tries}: audited, ${audited}`, () =>
      unlessSkipped(attempt, async () => {
        const outcome = await make(attempt, 'audit')
        if (isMissing(attempt, outcome)) return
        if (attempt.guarded && guards()) return expectGuarded(attempt, outcome)
        expect(outcome.status, outcome.output).toBe(0)
        expect(outcome.marks, outcome.output).toContain('ran')
        if (canBeStopped(attempt) && !isGap(attempt)) expectReported(attempt, 'audit')
      }),
    )
  })
})

// A policy that denied everything would stop every attempt as well.
test.for([
  ['a listed program', ['/bin/good'], 'good'],
  ['a library of the image', ['/bin/loads', '/share/good.so'], 'good'],
  ['a listed script of the image', ['/opt/script'], 'good'],
  ['what a listed shell does itself', ['/bin/sh', '-c', 'echo good >&5'], 'good'],
  ['code made in memory, unless anonymousCode denies it', ['/bin/try', 'anonymous'], 'ran'],
] as const)('enforced with code: image, %s runs', async ([, argv, mark]) => {
  const group = specs.indexOf(JSON.stringify(fromImage(...(argv[0] === '/opt/script' ? argv : []))))
  const cgroup = s.folder(`enforce/${group}-${argv[0].replaceAll('/', '')}`)
  const { marks, output } = await stage.run({ cgroup }, [...argv])
  expect(marks, output).toEqual([mark])
  expect(s.recordsOf(cgroup)).toEqual([])
})

test('every denial of them is counted', () => {
  const { denied, emitted = 0, suppressed = 0, lost = 0, signal_failed } = s.counters()
  expect(denied).toBe(emitted + suppressed + lost)
  expect(signal_failed).toBe(0)
})
