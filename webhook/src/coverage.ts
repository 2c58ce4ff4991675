// SPDX-License-Identifier: Apache-2.0
// One workload and one mesh → covered or not, why, and what was assumed. A finished pod is verified: what
// counts is what is in it, and the injector's rules only explain. A manifest is a prediction.

import type { Effect } from './catalogue.ts'
import { missedCall } from './checks/missed-call.ts'
import { noObjects, type ClusterObjects } from './cluster-objects.ts'
import { staysUp } from './containers.ts'
import { effectOf, type Hit } from './finding.ts'
import type { Injector } from './injectors.ts'
import {
  common,
  injectionOf,
  inspected,
  throughPlugin,
  unplaced,
  type Inspected,
} from './inspection.ts'
import { callsOf } from './meshes/api-server-gate.ts'
import type { Mesh, MeshInput, MeshSettings, Requester } from './meshes/mesh.ts'
import { askInOrder, type Trail } from './meshes/rule.ts'
import type { Namespace } from './namespace.ts'
import type { Step } from './step.ts'
import type { Subject } from './subject.ts'
import { tracesOf } from './traces.ts'

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
  /** Whoever sends the request speaks for the owner that is written in the pod. Default: yes. */
  ownerTrusted?: boolean
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
  // With all of the cluster's configurations read, an injector that has none of them is called by nobody.
  const everyone = around.objects?.complete.has('MutatingWebhookConfiguration') === true
  const live = own.length > 0 || everyone
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
  const hits = unique([...judged.hits, ...tracesOf(mesh, input, around.ownerTrusted ?? true)])
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

function verified(mesh: Mesh, input: MeshInput, trail: Trail): Inspected {
  const { subject } = input
  const sidecars = mesh.sidecars(subject)
  const nowhere = unplaced(input, sidecars.some(staysUp), trail)
  if (nowhere.length > 0) return { hits: nowhere, assumed: [] }
  if (sidecars.length > 0) return inspected(mesh, input, trail)
  if (mesh.sidecarNames.length === 0) return onNode(mesh, input, trail)
  // Bare. The rules tell why; when they say it should have been injected, the call itself failed.
  const injection = injectionOf(mesh, input, trail)
  const marker = mesh.marker(subject)
  const why = injection.injects ? [mesh.missed?.(input) ?? missedCall(mesh, input)] : injection.hits
  const more = injection.injects ? stripped(marker) : why
  const hits = marker === null ? why : [marker, ...more]
  return { hits, assumed: injection.assumed }
}

/** The mark may be the user's own; if it is not, somebody took out what the injector added, since it looks at none. */
function stripped(marker: Hit | null): Hit[] {
  if (marker?.id !== 'forged-injected-marker') return []
  const message = 'if the injector wrote the mark, its sidecar was taken out again'
  return [{ ...marker, id: 'sidecar-stripped', message }]
}

/** A mesh without sidecars: the node captures whom its rules name, and the pod shows whether it did. */
function onNode(mesh: Mesh, input: MeshInput, trail: Trail): Inspected {
  const { hits, injects, assumed } = injectionOf(mesh, input, trail)
  if (!injects) return { hits, assumed }
  const found = inspected(mesh, input, trail)
  return { hits: found.hits, assumed: [...assumed, ...found.assumed] }
}

function predicted(mesh: Mesh, input: MeshInput, trail: Trail): Inspected {
  const nowhere = unplaced(input, mesh.sidecars(input.subject).some(staysUp), trail)
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
  // What was written out of a pod that ran is judged as it stands there as well.
  const carried = byHand && input.subject.kind === 'Pod' ? carriedAlong(mesh, input) : []
  const marker = mesh.sidecars(input.subject).length > 0 ? null : mesh.marker(input.subject)
  const marked = marker === null ? [] : [marker, ...stripped(marker)]
  return {
    hits: [
      ...foreseen.hits,
      ...carried,
      ...plugin.hits,
      ...common(mesh, input, trail),
      ...marked.map((hit): Hit => ({ ...hit, effect: 'risk' })),
    ],
    assumed: [...injection.assumed, ...foreseen.assumed, ...plugin.assumed],
  }
}

/** The injector makes it anew, so that it is a risk only. */
function carriedAlong(mesh: Mesh, input: MeshInput): Hit[] {
  const how = { gate: 'finished-object', mode: 'all', title: mesh.title, trail: null } as const
  return askInOrder(mesh.verify, input, how).hits.map((hit) => ({ ...hit, effect: 'risk' }))
}

/** A rule that was asked, and whose answer did not matter. */
function withoutSay({ gate, rule, source, input, answer }: Step): Step {
  return { gate, rule, source, input, answer, decides: false }
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
