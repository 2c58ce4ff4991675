// SPDX-License-Identifier: Apache-2.0
// Every attempt to talk, twice: where its policy is enforced nothing of it arrives at the other end of a wire, which is
// watched there; and where it is audited it arrives – so it is a real one – and is in the report with policy and rule.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LedgerRecord, State } from '../../enforcer/src/index.ts'
import * as abi from '../../enforcer/src/kernel/abi.gen.ts'
import { copyProgram, expectExact, sleep } from '../harness/actor.ts'
import { documents, need, Sandbox, until, type ClusterSpec } from '../harness/sandbox.ts'
import { knocks, knocksFrom, talker, type Attempt, type Where } from './network/attempt.ts'
import { makeProgram } from './network/program.ts'
import { networkAttempts as attempts, networkSections as sections } from './network/table.ts'
import { Wire, type Frame } from './network/wire.ts'

const postures = ['enforce', 'audit'] as const
type Posture = (typeof postures)[number]
interface Outcome {
  status: number
  output: string
  marks: string[]
}

const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)
const destinations = slower > 1 ? 20_000 : 100_000

let s: Sandbox
let wire: Wire
let exe: string
let other: string
let neighbour: Awaited<ReturnType<Wire['neighbour']>>
let mechanisms: State['mechanisms']
/** Every pair of policies there is, as JSON. */
let groups: string[]
const helpers: ChildProcess[] = []
/** Most of an attempt's time is waiting: they are made many at once, before any is looked at. */
const atOnce = 16
const outcomes = new Map<string, Promise<Outcome>>()

beforeAll(async () => {
  s = new Sandbox()
  exe = copyProgram(s, 'talks', makeProgram())
  other = copyProgram(s, 'talks-not', makeProgram())
  wire = await Wire.make(makeProgram())
  neighbour = await wire.neighbour()
  groups = [...new Set(attempts.map(groupText))]
  for (const name of ['takes', 'gives_packet_socket']) {
    const argv = [...wire.enter('pod'), makeProgram(), name, `${s.name}-${name}`]
    helpers.push(spawn(need('nsenter'), argv, { stdio: 'ignore' }))
  }
  await s.start(documents(...policies('before')))
  mechanisms = s.current().mechanisms
  const waiting = attempts
    .filter(({ before }) => before)
    .flatMap((attempt) => postures.map((mode) => begin(attempt, mode)))
  for (const one of waiting) await one.ready
  await s.setPolicies(documents(...policies('policy')))
  for (const { attempt, mode, child, done } of waiting) {
    child.stdin?.write('\n')
    outcomes.set(`${mode} ${attempt.name}`, done)
  }
  const rest = attempts
    .filter(({ before }) => !before)
    .flatMap((attempt) => postures.map((mode) => ({ attempt, mode })))
  const work = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      const { done } = begin(next.attempt, next.mode)
      outcomes.set(`${next.mode} ${next.attempt.name}`, done)
      await done
    }
  }
  await Promise.all([...outcomes.values(), ...Array.from({ length: atOnce }, work)])
  await wire.settled()
}, 300_000)
afterAll(() => {
  for (const helper of helpers) helper.kill('SIGKILL')
  wire?.close()
  s?.close()
})

// --- policies ---

const groupText = ({ before, policy }: Attempt) =>
  JSON.stringify([(before ?? policy)({ exe, other }), policy({ exe, other })])
const groupOf = (attempt: Attempt) => groups.indexOf(groupText(attempt))
const cgroupOf = (attempt: Attempt, mode: Posture) =>
  `${mode}/${groupOf(attempt)}-${attempts.indexOf(attempt)}`

/** Those while attempts prepare, or those that are tried. */
function policies(which: 'before' | 'policy'): object[] {
  const flood = { processes: [talker(exe)] }
  const found = [...groups.map((text) => JSON.parse(text) as ClusterSpec[])]
  return postures.flatMap((mode) => [
    s.policy(`${mode}-flood`, `${mode}/flood`, { mode, ...flood }),
    ...found.map((pair, i) => {
      const spec = pair[which === 'before' ? 0 : 1] as ClusterSpec
      const posture = mode === 'audit' ? mode : (spec.mode ?? mode)
      return s.policy(`${mode}-${i}`, `${mode}/${i}-*`, { ...spec, mode: posture })
    }),
  ])
}

// --- trying ---

const markOf = ({ name }: Attempt, mode: Posture) => `ESCAPED:${mode}:${name}`
/** Where nothing else goes. */
const forbidden = (attempt: Attempt, mode: Posture) => {
  const [group, one] = [postures.indexOf(mode) + 1, attempts.indexOf(attempt) + 1]
  return [`10.77.${group}.${one}`, `fd77:0:0:${group}::${one.toString(16)}`]
}

function argv(attempt: Attempt, mode: Posture): string[] {
  const number = attempts.indexOf(attempt)
  const where: Where = {
    ...{ exe, other, ...neighbour, outside: Number(wire.pid('peer')) },
    number: postures.indexOf(mode),
    taker: `${s.name}-takes`,
    giver: `${s.name}-gives_packet_socket`,
    file: join(s.files, `node-${mode}-${number}`),
  }
  return [
    (attempt.program ?? attempt.name).replaceAll('-', '_'),
    ...forbidden(attempt, mode),
    `${markOf(attempt, mode)};`,
    ...['10.77.255.1', 'fd77:0:0:ffff::1'],
    ...(attempt.arguments?.(where) ?? []),
  ]
}

/** Descriptor 5 tells what was heard. */
const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', 'ignore', 'ignore', 'pipe']
const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'

function start(cgroup: string, words: readonly string[], seconds: number) {
  const shell = ['/bin/sh', '-c', enter, s.folder(cgroup), exe, ...words]
  const env = { ...process.env, ATTEMPT_SECONDS: `${seconds * slower}` }
  const child = spawn(need('nsenter'), [...wire.enter('pod'), ...shell], { stdio, env })
  helpers.push(child)
  const seen = { status: -1, output: '', marks: '' }
  const streams = child.stdio as readonly unknown[] as NodeJS.ReadableStream[]
  for (const at of [1, 2])
    streams[at]?.on('data', (data: Buffer) => (seen.output += data.toString()))
  streams[5]?.on('data', (data: Buffer) => (seen.marks += data.toString()))
  child.stdin?.on('error', () => {
    // it does not read its input
  })
  const done = new Promise<Outcome>((resolve) =>
    child.once('close', (code) =>
      resolve({ ...seen, status: code ?? -1, marks: seen.marks.split('\n').filter(Boolean) }),
    ),
  )
  return { child, seen, done }
}

function begin(attempt: Attempt, mode: Posture) {
  const one = start(cgroupOf(attempt, mode), argv(attempt, mode), attempt.before ? 90 : 6)
  let told = false
  one.child.stdout?.on('data', () => {
    const port = Number(/^listens (\d+)$/m.exec(one.seen.output)?.[1] ?? 0)
    if (port === 0 || told || !attempt.tells) return
    told = true
    void speak(attempt.tells(port, `${markOf(attempt, mode)};`)).finally(() =>
      one.child.stdin?.end(),
    )
  })
  const ready = until(
    `${attempt.name} is ready`,
    () => one.child.exitCode !== null || one.seen.output.includes('ready'),
  )
  ready.catch(() => undefined) // awaited only where the policy changes meanwhile
  return { attempt, mode, ready, ...one }
}

/** The other end speaks; what it says has arrived when this resolves, or never will. */
async function speak(order: string): Promise<void> {
  await wire.tell(order)
  await sleep(200 * slower)
}

async function made(attempt: Attempt, mode: Posture): Promise<Outcome> {
  const outcome = await outcomes.get(`${mode} ${attempt.name}`)
  if (!outcome) throw new Error('it was not made')
  return outcome
}

// --- what came of it ---

function arrived(attempt: Attempt, mode: Posture, { marks }: Outcome): Frame[] | string[] {
  const [mark, own] = [markOf(attempt, mode), forbidden(attempt, mode)]
  if (attempt.arrival === 'program') return marks
  const first = knocksFrom(mark)
  return wire.frames.filter((frame) =>
    attempt.arrival === 'answers'
      ? frame.flags === 0x12 && frame.port >= first && frame.port < first + knocks
      : frame.mark === mark || own.includes(frame.destination),
  )
}

/** Whether anything on this kernel can stop it; if not, the state says so. */
function canBeStopped({ needs, unless }: Attempt): boolean {
  if (!needs) return true
  const found = mechanisms.find(({ decision }) => decision === needs)
  if (unless?.test(found?.degraded ?? '')) return false
  if (found && found.mechanism !== 'none') return true
  expect(found?.degraded, `what the state says of "${needs}"`).toMatch(/\w/)
  return false
}

function expectReported(attempt: Attempt, mode: Posture): void {
  const records = s.recordsOf(s.folder(cgroupOf(attempt, mode)))
  const fits = records.filter(
    ({ decision, rule, policy, outcome }) =>
      attempt.decisions.includes(decision) &&
      rule === (attempt.rule ?? 'spec.processes') &&
      policy === `ClusterRuntimePolicy/${mode}-${groupOf(attempt)}` &&
      outcome === (mode === 'audit' ? 'would-deny' : 'denied'),
  )
  const told = records.map((one) => `${one.outcome} ${one.decision} ${one.rule} ${one.policy}`)
  expect(
    fits.length,
    `${attempt.decisions.join(' or ')} among [${told.join('; ')}]`,
  ).toBeGreaterThan(0)
}

/** Not offered by this kernel, which the attempt must expect. */
function isMissing(attempt: Attempt, { status, output }: Outcome): boolean {
  if (status !== 77) return false
  expect(attempt.mayLack, output).toBeDefined()
  return true
}

describe.for(Object.entries(sections))('%s', ([, list]) => {
  describe.for(list.map((attempt) => [attempt.name, attempt] as const))('%s', ([, attempt]) => {
    test(`${attempt.tries}: enforced, nothing of it arrives`, async () => {
      const outcome = await made(attempt, 'enforce')
      if (isMissing(attempt, outcome) || !canBeStopped(attempt)) return
      expect(outcome.status, outcome.output).not.toBe(1)
      expect(arrived(attempt, 'enforce', outcome), outcome.output).toEqual([])
      expectReported(attempt, 'enforce')
    })

    test(`${attempt.tries}: audited, it arrives and is reported`, async () => {
      const outcome = await made(attempt, 'audit')
      if (isMissing(attempt, outcome)) return
      const arrival = arrived(attempt, 'audit', outcome)
      if (attempt.arrival === undefined)
        expect(
          arrival.map((frame) => (typeof frame === 'string' ? frame : frame.mark)),
          outcome.output,
        ).toContain(markOf(attempt, 'audit'))
      else expect(arrival.length, outcome.output).toBeGreaterThan(0)
      if (canBeStopped(attempt)) expectReported(attempt, 'audit')
    })
  })
})

describe(`a datagram to each of ${destinations} destinations`, () => {
  const flood = async (mode: Posture) => {
    const words = ['flood_of_destinations', '::', '::', `ESCAPED:flood-${mode};`, '::', '::']
    await wire.distinct()
    const outcome = await start(`${mode}/flood`, [...words, `${destinations}`], 200).done
    await wire.settled()
    expect(outcome.output).toContain(`sent ${mode === 'audit' ? destinations : 0}`)
    return { distinct: await wire.distinct(), records: s.recordsOf(s.folder(`${mode}/flood`)) }
  }
  const counted = (records: LedgerRecord[], other: boolean) =>
    records.filter((one) => one.other === other).reduce((sum, { count }) => sum + count, 0)

  test.for(postures)(
    '%s: each is counted; what has no room for a row of its own in one for the rest',
    { timeout: 280_000 },
    async (mode) => {
      const { distinct, records } = await flood(mode)
      expect(distinct).toBe(mode === 'audit' ? destinations : 0)
      expect(records.every(({ decision }) => decision === 'egress')).toBe(true)
      expect(records.filter(({ other }) => !other).length).toBeLessThanOrEqual(
        abi.Limit.SUBJECT_LEDGER,
      )
      // With room for that many, each destination that got one has its row.
      expect(records.filter(({ other }) => !other).length).toBeGreaterThan(
        abi.Limit.SUBJECT_LEDGER - 8,
      )
      const perDatagram = counted(records, false) + counted(records, true)
      expect(perDatagram).toBe(
        records.some(({ hook }) => hook === 'packet') ? perDatagram : destinations,
      )
      expect(perDatagram % destinations).toBe(0)
      expect(records.filter(({ other }) => other).length).toBeGreaterThan(0)
    },
  )
})

test('every denial of them is counted', () => expectExact(s))
