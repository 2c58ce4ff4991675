// SPDX-License-Identifier: Apache-2.0
// Which webhooks a real API server calls, and which we say it calls: random configurations, namespaces, objects and
// requests, no difference. A failure prints its seed; UNDERPIN_SEED repeats the run.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { creation, reviewedCall, type AdmissionCall } from '../../webhook/src/api-server/call.ts'
import { injectorsOf, inOrder, type Injector } from '../../webhook/src/injectors.ts'
import { askGate, type GateVerdict } from '../../webhook/src/api-server/gate.ts'
import { allLabels, manifestLabels, someLabels } from '../../webhook/src/api-server/known-labels.ts'
import type { Step } from '../../webhook/src/step.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { configurations, type Configuration } from './configurations.ts'
import { seeded, type Random } from './random.ts'
import { startRecorder, type Recorder } from './recorder.ts'
import { sendable, type Pool, type Sent } from './requests.ts'
import { furnish, stage, type NamespaceLabels } from './stage.ts'

const rounds = Number(process.env['UNDERPIN_ROUNDS'] ?? 60)
const perRound = 75

let cluster: Cluster
let recorder: Recorder
let random: Random
let pool: Pool

beforeAll(async () => {
  random = seeded()
  console.log(`seed ${random.seed}`)
  recorder = await startRecorder()
  cluster = await startCluster()
  pool = await furnish(cluster.ask, random)
})

afterAll(async () => {
  await cluster.stop()
  await recorder.stop()
})

const tally = new Map<string, number>()
const count = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1)

test('our verdicts are what the API server does', async () => {
  const differences: string[] = []
  let id = 0
  for (let round = 0; round < rounds; round++) {
    const wanted = configurations(random, recorder, ['n-0', 'n-1', 'n-2', 'n-3', 'm-1', 'm-2'], 11)
    const scene = await stage(cluster.ask, random, recorder, round, wanted)
    const left = copyOf(pool)
    const requests = Array.from({ length: perRound }, () => sendable(random, left, id++))
    const workers = Array.from({ length: 4 }, async () => {
      for (let sent = requests.pop(); sent !== undefined; sent = requests.pop()) {
        differences.push(...(await compare(sent, scene)))
      }
    })
    await Promise.all(workers)
    if (differences.length > 5) break
  }
  console.log(
    `${id} requests: ${[...tally]
      .sort()
      .map(([k, n]) => `${k} ${n}`)
      .join(', ')}`,
  )
  for (const one of differences.slice(0, 8)) console.log(one)
  expect(differences.length, `seed ${random.seed}`).toBe(0)
  expect(id).toBeGreaterThanOrEqual(2_000)
  // Everything that can decide did so, often enough to mean something.
  for (const decider of ['namespaceSelector', 'objectSelector', 'rules', 'matchConditions']) {
    expect(tally.get(`not-called by ${decider}`), decider).toBeGreaterThan(500)
  }
  expect(tally.get('not-called by exempt')).toBeGreaterThan(50)
  expect(tally.get('called by rules')).toBeGreaterThan(2_000)
  expect(tally.get('rejected by matchConditions')).toBeGreaterThan(20)
  expect(tally.get('called as another version')).toBeGreaterThan(20)
  // The defaults of a spec seldom matter to a condition, and where they did that was said.
  const [right = 0, wrong = 0] = ['right', 'wrong'].map((how) =>
    tally.get(`foreseen: assumed, ${how}`),
  )
  expect(wrong).toBeLessThan(right / 50)
  // Only what asks the authorizer is beyond us.
  expect(tally.get('unknown by matchConditions') ?? 0).toBeLessThan(id / 10)
})

type Scene = { raw: Configuration[]; stored: Configuration[]; namespaces: NamespaceLabels }

async function compare(sent: Sent, { raw, stored, namespaces }: Scene): Promise<string[]> {
  const { status, body } = await cluster.ask(sent.method, sent.path, sent.body)
  const [first, ...calls] = recorder.take(sent.name).filter(({ path }) => path !== '/probe')
  const actual = calls.map(({ path }) => path)
  const entries = inOrder(raw.flatMap(injectorsOf))
  if (first === undefined) {
    count(`unseen: ${sent.what}: ${status}`)
    return exemptOrWrong(sent, entries, status, body)
  }
  const call = callOf(first.request, namespaces)
  const verdicts = entries.map((entry) => ({ entry, verdict: askGate(entry, call) }))
  const problems: string[] = []
  const expected: string[] = []
  const open = new Set<string>()
  for (const { entry, verdict } of verdicts) {
    const path = `/${entry.configuration}/${entry.index}`
    count(`${verdict.outcome} by ${verdict.by}`)
    if (verdict.outcome === 'called') expected.push(path)
    // Converting our custom resources changes nothing; autoscaling has other fields in each version.
    if (verdict.assumed.length > 0 && call.group !== 'example.test') {
      count('assumed of a conversion')
      open.add(path)
    }
    if (verdict.outcome === 'unknown') {
      open.add(path)
      // Nothing else is beyond us, of what these requests have.
      if (!verdict.why.endsWith('depends on authorizer')) problems.push(verdict.why)
    }
    if (verdict.outcome === 'rejected') break
  }
  const certain = (paths: string[]) => paths.filter((path) => !open.has(path)).join(' ')
  const refused = verdicts.some(({ verdict }) => verdict.outcome === 'rejected')
  // An entry that we leave open may have ended the request.
  const ended = open.size > 0 && status === 403
  if (!ended && certain(expected) !== certain(actual)) problems.push('calls')
  if (refused && status !== 403) problems.push(`status ${status}`)
  for (const { path, request } of calls) {
    const found = verdicts.find(({ entry }) => `/${entry.configuration}/${entry.index}` === path)
    const resource = request['resource'] as { group: string; version: string; resource: string }
    if (open.has(path)) continue
    const as = found?.verdict.as ?? call
    if (as !== call) count('called as another version')
    if (as.version !== resource.version || as.group !== resource.group) problems.push(`as ${path}`)
  }
  problems.push(...consistent(entries, verdicts, stored, call))
  problems.push(...foreseen(entries, verdicts, sent, call))
  if (problems.length === 0) return []
  const wrong = verdicts.filter(({ entry }) => {
    const path = `/${entry.configuration}/${entry.index}`
    return expected.includes(path) !== actual.includes(path)
  })
  const said = body['message']
  return [
    JSON.stringify({ problems, sent, status, said, expected, actual, wrong: wrong.slice(0, 1) }),
  ]
}

/** The same from what the server stored; the same with steps; and never another answer from knowing less. */
function consistent(
  entries: readonly Injector[],
  verdicts: readonly { verdict: GateVerdict }[],
  stored: readonly Configuration[],
  call: AdmissionCall,
): string[] {
  const problems: string[] = []
  const defaulted = inOrder(stored.flatMap(injectorsOf))
  const less: AdmissionCall = {
    ...call,
    namespaceLabels: someLabels(new Map([['kubernetes.io/metadata.name', call.namespace]])),
    unknown: ['userInfo', 'options', 'dryRun', 'name'],
  }
  for (const [at, { verdict }] of verdicts.entries()) {
    const [entry, same] = [entries[at], defaulted[at]]
    if (entry === undefined || same === undefined) return ['entries']
    if (askGate(same, call).outcome !== verdict.outcome) problems.push(`defaults ${at}`)
    const steps: Step[] = []
    if (askGate(entry, call, steps).outcome !== verdict.outcome) problems.push(`steps ${at}`)
    if (steps.filter((step) => step.decides).length > 1) problems.push(`two steps decide ${at}`)
    const guessed = askGate(entry, less)
    if (guessed.outcome === 'unknown') count('unknown when less is known')
    else if (guessed.outcome !== verdict.outcome) problems.push(`guessed ${at}`)
  }
  return problems
}

/** The same from the manifest alone: what it leaves open is said to be, or was assumed. */
function foreseen(
  entries: readonly Injector[],
  verdicts: readonly { verdict: GateVerdict }[],
  sent: Sent,
  call: AdmissionCall,
): string[] {
  if (sent.method !== 'POST' || call.subresource !== '' || call.operation !== 'CREATE') return []
  const { namespace, namespaceLabels, equivalents } = call
  const labels = manifestLabels(sent.body)
  const made = creation(call, { namespace, namespaceLabels, labels, object: sent.body })
  // All of these are dry runs, which a manifest is not.
  const expected = { ...made, request: { ...made.request, dryRun: true } }
  const asked = equivalents === undefined ? expected : { ...expected, equivalents }
  return entries.flatMap((entry, at) => {
    const verdict = verdicts[at]?.verdict
    const guessed = askGate(entry, asked)
    const same = guessed.outcome === verdict?.outcome
    if (guessed.outcome === 'unknown') count('foreseen: unknown')
    else if (guessed.assumed.length > 0) count(`foreseen: assumed, ${same ? 'right' : 'wrong'}`)
    else if (!same) return [`foreseen ${at} as ${guessed.outcome}`]
    return []
  })
}

/** Not seen by a webhook that asks for everything: configurations of webhooks, or a request refused before. */
function exemptOrWrong(
  sent: Sent,
  entries: readonly Injector[],
  status: number,
  body: unknown,
): string[] {
  const plural = /admissionregistration.k8s.io\/v1\/(\w+)/.exec(sent.path)?.[1]
  if (plural === undefined)
    return [JSON.stringify({ problems: ['none was called'], sent, status, body })]
  const { kind } = sent.body as { kind: string }
  const resource = { group: 'admissionregistration.k8s.io', version: 'v1', resource: plural }
  const request = { kind: { ...resource, kind }, resource, operation: 'CREATE', object: sent.body }
  return entries.flatMap((entry) => {
    const verdict = askGate(entry, reviewedCall(request, null))
    count(`${verdict.outcome} by ${verdict.by}`)
    return verdict.by === 'exempt'
      ? []
      : [JSON.stringify({ problems: ['not exempt'], sent, entry, verdict })]
  })
}

function callOf(request: Record<string, unknown>, namespaces: NamespaceLabels): AdmissionCall {
  const found = namespaces.get((request['namespace'] as string | undefined) ?? '')
  const call = reviewedCall(request, found ? allLabels(new Map(Object.entries(found))) : null)
  if (call.group !== 'example.test') return call
  const { group, resource, kind } = call
  const others = ['v1', 'v1beta1'].filter((version) => version !== call.version)
  const equivalents = others.map((version) => {
    const own = { group, version, kind }
    const scale = { group: 'autoscaling', version: 'v1', kind }
    return { group, version, resource, kind: call.subresource === 'scale' ? scale : own }
  })
  return { ...call, equivalents }
}

function copyOf(from: Pool): Pool {
  return Object.fromEntries(
    Object.entries(from).map(([plural, objects]) => [
      plural,
      random.shuffled(objects as unknown[]),
    ]),
  ) as unknown as Pool
}
