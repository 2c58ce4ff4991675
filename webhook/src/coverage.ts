// SPDX-License-Identifier: Apache-2.0
// One workload and one mesh → covered or not, why, and what was assumed. A finished pod is verified: what
// counts is what is in it, and the injector's rules only explain. A manifest is a prediction.

import type { Effect } from './catalogue.ts'
import { debugging } from './checks/debugging.ts'
import { furtherReasons } from './checks/further-reasons.ts'
import { missedCall } from './checks/missed-call.ts'
import { placement } from './checks/placement.ts'
import type { CheckInput } from './checks/check.ts'
import { noObjects, type ClusterObjects } from './cluster-objects.ts'
import { staysUp } from './containers.ts'
import { isTrue } from './fields.ts'
import { effectOf, type Hit } from './finding.ts'
import type { Injector } from './injectors.ts'
import { askApiServer, callsOf } from './meshes/api-server-gate.ts'
import type { Mesh, MeshInput, MeshSettings, Requester } from './meshes/mesh.ts'
import { askInOrder, type Outcome, type Trail } from './meshes/rule.ts'
import type { Namespace } from './namespace.ts'
import type { Step } from './step.ts'
import type { Subject } from './subject.ts'

export type CoverageVerdict =
  'covered' | 'not-injected' | 'rejected' | 'blind' | 'cannot-be-covered' | 'exempted' | 'unknown'

export type Coverage = {
  mesh: string
  verdict: CoverageVerdict
  /** Id of the finding that decided; null when covered. */
  reason: string | null
  basis: 'verified' | 'predicted'
  hits: Hit[]
  assumed: string[]
  /** Every rule asked, in order: only when asked for. */
  steps?: Step[]
}

/** What is known of the cluster besides the workload itself. */
export type Surroundings = {
  namespace: Namespace
  injectors: readonly Injector[]
  /** By the name of the mesh, as resolveSettings gives them. */
  settings: Readonly<Record<string, MeshSettings>>
  objects?: ClusterObjects
  requester?: Requester
  /** Tell every rule that was asked. */
  explain?: boolean
}

const noSettings: MeshSettings = {}
const charted = new WeakMap<Mesh, WeakMap<MeshSettings, Injector[]>>()

/** Made once for the same settings: what is read of an entry's selectors is kept with the entry. */
function asCharted(mesh: Mesh, settings: MeshSettings): Injector[] {
  const known = charted.get(mesh) ?? new WeakMap<MeshSettings, Injector[]>()
  charted.set(mesh, known)
  const made = known.get(settings) ?? mesh.chartInjectors(settings)
  known.set(settings, made)
  return made
}

export function coverageOf(mesh: Mesh, subject: Subject, around: Surroundings): Coverage {
  const assumed: string[] = []
  const settings = around.settings[mesh.name] ?? noSettings
  const own = around.injectors.filter((one) => mesh.isInjector(one.name, one.configuration))
  const live = own.length > 0
  const basis = subject.finished ? 'verified' : 'predicted'
  const trail: Trail = around.explain === true ? [] : null
  let namespace = around.namespace
  const supposed = namespace.known ? null : mesh.enabled(namespace)
  if (supposed !== null) {
    // Not an answer to "is it covered?": only what holds even if the namespace asks for injection.
    namespace = supposed.namespace
    assumed.push(supposed.assumed)
  }
  const injectors = live ? own : asCharted(mesh, settings)
  if (!live && injectors.length > 0) {
    assumed.push(`the ${mesh.title} injector is registered as its chart does it`)
  }
  const input: MeshInput = {
    subject,
    namespace,
    injectors,
    live,
    calls: callsOf(mesh, injectors, subject, namespace, trail !== null),
    settings,
    objects: around.objects ?? noObjects,
    requester: around.requester ?? null,
  }
  const judged = subject.finished ? verified(mesh, input, trail) : predicted(mesh, input, trail)
  const hits = unique([...judged.hits, ...debugging(subject, mesh.marker(subject))])
  const { verdict, reason } = sum(hits)
  if (trail !== null) trail.push(...untold(trail, hits, reason))
  // What a finished pod holds is no assumption, unless the explanation needed one.
  const needed = subject.finished && (verdict === 'covered' || verdict === 'blind')
  const all = needed ? judged.assumed : [...assumed, ...judged.assumed]
  return {
    mesh: mesh.name,
    verdict,
    reason,
    basis,
    hits,
    assumed: [...new Set(all)],
    ...(trail === null ? {} : { steps: trail }),
  }
}

/** What decides has a step, also when no single rule was asked for it: a bare pod that should not be bare. */
function untold(steps: readonly Step[], hits: readonly Hit[], reason: string | null): Step[] {
  const hit = hits.find(({ id }) => id === reason)
  if (hit === undefined || steps.some(({ id }) => id === reason)) return []
  return [
    {
      gate: 'finished-object',
      rule: 'Does the pod itself show what became of it?',
      source: 'the pod against what the rules above say of it',
      input: `${hit.path || 'the object'}: ${hit.message}`,
      answer: 'yes',
      decides: true,
      id: hit.id,
    },
  ]
}

type Judged = { hits: Hit[]; assumed: readonly string[] }

function verified(mesh: Mesh, input: MeshInput, trail: Trail): Judged {
  const { subject } = input
  const sidecars = mesh.sidecars(subject)
  const nowhere = unplaced(subject, sidecars.some(staysUp), trail)
  if (nowhere.length > 0) return { hits: nowhere, assumed: [] }
  if (sidecars.length > 0) return inspected(mesh, input, trail)
  if (mesh.sidecarNames.length === 0) return onNode(mesh, input, trail)
  // Bare. The rules tell why; when they say it should have been injected, the call itself failed.
  const marker = mesh.marker(subject)
  const injection = injectionOf(mesh, input, trail)
  const why = injection.injects ? [mesh.missed?.(input) ?? missedCall(mesh, input)] : injection.hits
  const hits = marker === null ? why : [marker, ...(injection.injects ? [] : why)]
  return { hits, assumed: injection.assumed }
}

/** A mesh without sidecars: the node captures whom its rules name, and the pod shows whether it did. */
function onNode(mesh: Mesh, input: MeshInput, trail: Trail): Judged {
  const { hits, injects, assumed } = injectionOf(mesh, input, trail)
  if (!injects) return { hits, assumed }
  const found = inspected(mesh, input, trail)
  return { hits: found.hits, assumed: [...assumed, ...found.assumed] }
}

function predicted(mesh: Mesh, input: MeshInput, trail: Trail): Judged {
  const nowhere = unplaced(input.subject, false, trail)
  if (nowhere.length > 0) return { hits: nowhere, assumed: [] }
  const asked: Trail = trail === null ? null : []
  const injection = injectionOf(mesh, input, asked)
  // Injected by hand: the manifest carries the sidecar itself, so that one is judged.
  const { own } = mesh.checkInput(input)
  const byHand = mesh
    .sidecars(input.subject)
    .some((one) => own(one) && !['', 'auto'].includes(one.image))
  const kept = byHand && !(injection.injects && mesh.replacesSidecar)
  trail?.push(...(asked ?? []).map((step) => (kept ? withoutSay(step) : step)))
  if (kept) return inspected(mesh, input, trail)
  if (!injection.injects) return { hits: injection.hits, assumed: injection.assumed }
  const how = { gate: 'injector', mode: 'all', title: mesh.title, trail } as const
  const foreseen = askInOrder(mesh.foresee, input, how)
  const plugin = throughPlugin(mesh, input, trail)
  return {
    hits: [...foreseen.hits, ...plugin.hits, ...common(mesh, input, trail)],
    assumed: [...injection.assumed, ...foreseen.assumed, ...plugin.assumed],
  }
}

/** A rule that was asked, and whose answer did not matter. */
function withoutSay({ gate, rule, source, input, answer }: Step): Step {
  return { gate, rule, source, input, answer, decides: false }
}

/** A sidecar is there: is it the real one, and is everything captured? */
function inspected(mesh: Mesh, input: MeshInput, trail: Trail): Judged {
  const plugin = throughPlugin(mesh, input, trail)
  const how = { gate: 'finished-object', mode: 'all', title: mesh.title, trail } as const
  const found = askInOrder(mesh.verify, input, how)
  return {
    hits: [...found.hits, ...plugin.hits, ...common(mesh, input, trail)],
    assumed: [...plugin.assumed, ...found.assumed],
  }
}

/** Both gates that decide whether there is a sidecar at all. */
function injectionOf(mesh: Mesh, input: MeshInput, trail: Trail): Outcome {
  const call = askApiServer(mesh, input, trail)
  if (!call.injects) return { ...call, hits: furtherReasons(input.subject, call.hits) }
  const mode = mesh.collects ? 'all' : 'first'
  const own = askInOrder(mesh.rules, input, { gate: 'injector', mode, title: mesh.title, trail })
  return {
    hits: furtherReasons(input.subject, own.hits),
    injects: own.hits.length === 0,
    assumed: [...call.assumed, ...own.assumed],
  }
}

/** The third gate: the CNI plugin decides again whether it sets up the redirect. */
function throughPlugin(mesh: Mesh, input: MeshInput, trail: Trail): Outcome {
  const none: Outcome = { hits: [], injects: false, assumed: [] }
  if (mesh.capturedBy(input) !== 'cni') return none
  return askInOrder(mesh.cniRules, input, { gate: 'cni', mode: 'first', title: mesh.title, trail })
}

function unplaced(subject: Subject, hasSidecar: boolean, trail: Trail): Hit[] {
  const hits = placement(subject, hasSidecar)
  trail?.push({
    gate: 'finished-object',
    rule: 'Can a sidecar run and capture traffic where this pod runs?',
    source: 'Kubernetes: mirror pods, pod.spec.os, virtual nodes',
    input:
      hits.map(({ path }) => path).join(', ') || 'a Linux pod of the API server on a real node',
    answer: hits.length === 0 ? 'yes' : 'no',
    decides: hits.length > 0,
    ...(hits[0] === undefined ? {} : { id: hits[0].id }),
  })
  return hits
}

/** The checks that are the same for every mesh. */
function common(mesh: Mesh, input: MeshInput, trail: Trail): Hit[] {
  const shared: CheckInput = mesh.checkInput(input)
  const hits = mesh.capturedBy(input) === 'none' ? [] : hostNetwork(input.subject)
  for (const { question, source, find } of mesh.checks) {
    const found = find(shared)
    hits.push(...found)
    trail?.push({
      gate: 'finished-object',
      rule: question,
      source,
      input: found.map(({ path }) => path).join(', ') || 'nothing found against it',
      answer: found.length === 0 ? 'no' : 'yes',
      decides: found.some((hit) => effectOf(hit) !== 'risk'),
      ...(found[0] === undefined ? {} : { id: found[0].id }),
    })
  }
  return hits
}

/** Injected all the same: by hand, or by an injector that does not look at it. */
function hostNetwork({ pod }: Subject): Hit[] {
  if (!isTrue(pod.spec, 'hostNetwork')) return []
  const message = 'the pod uses the network of the node, which no sidecar redirects'
  const path = `${pod.prefix}spec.hostNetwork`
  return [{ id: 'host-network', path, message, effect: 'blind' }]
}

/** Two gates may see the same thing; it is told once. */
function unique(hits: readonly Hit[]): Hit[] {
  const seen = new Map(hits.toReversed().map((hit) => [`${hit.id} ${hit.path}`, hit]))
  return hits.filter((hit) => seen.get(`${hit.id} ${hit.path}`) === hit)
}

const order: readonly Effect[] = [
  'cannot-be-covered',
  'rejected',
  'not-injected',
  'unknown',
  'blind',
]

function sum(hits: readonly Hit[]): { verdict: CoverageVerdict; reason: string | null } {
  for (const effect of order) {
    const hit = hits.find((one) => effectOf(one) === effect)
    if (hit !== undefined && effect !== 'risk') return { verdict: effect, reason: hit.id }
  }
  return { verdict: 'covered', reason: null }
}
