// SPDX-License-Identifier: Apache-2.0
// One workload and one mesh → covered or not, why, and what was assumed. A finished pod is verified: what
// counts is what is in it, and the injector's rules only explain. A manifest is a prediction.

import { effectOf, type Effect } from './catalogue.ts'
import { placement } from './checks/placement.ts'
import { isTrue } from './fields.ts'
import { staysUp } from './containers.ts'
import type { Hit } from './finding.ts'
import type { Injector } from './injectors.ts'
import type { Injection, Mesh, MeshInput, MeshSettings } from './meshes/mesh.ts'
import type { Namespace } from './namespace.ts'
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
}

/** What is known of the cluster besides the workload itself. */
export type Surroundings = {
  namespace: Namespace
  injectors: readonly Injector[]
  settings: Readonly<Record<string, MeshSettings>>
}

export function coverageOf(mesh: Mesh, subject: Subject, around: Surroundings): Coverage {
  const assumed: string[] = []
  const settings = around.settings[mesh.name] ?? {}
  const own = around.injectors.filter((one) => mesh.isInjector(one.name))
  const live = own.length > 0
  const basis = subject.finished ? 'verified' : 'predicted'
  let namespace = around.namespace
  if (!namespace.known) {
    // Not an answer to "is it covered?": only what holds even if the namespace asks for injection.
    const supposed = mesh.enabled(namespace)
    namespace = supposed.namespace
    assumed.push(supposed.assumed)
  }
  const injectors = live ? own : mesh.assumedInjectors(settings)
  if (!live) assumed.push(`the ${mesh.title} injector is registered as its chart does it`)
  const input: MeshInput = { subject, namespace, injectors, live, settings }
  const judged = subject.finished ? verified(mesh, input) : predicted(mesh, input)
  const { verdict, reason } = sum(judged.hits)
  // What a finished pod holds is no assumption, unless the explanation needed one.
  const needed = subject.finished && (verdict === 'covered' || verdict === 'blind')
  return {
    mesh: mesh.name,
    verdict,
    reason,
    basis,
    hits: judged.hits,
    assumed: needed ? [] : [...assumed, ...judged.assumed],
  }
}

type Judged = { hits: Hit[]; assumed: readonly string[] }

function verified(mesh: Mesh, input: MeshInput): Judged {
  const { subject } = input
  const sidecars = mesh.sidecars(subject)
  const nowhere = placement(subject, sidecars.some(staysUp))
  if (nowhere.length > 0) return { hits: nowhere, assumed: [] }
  if (sidecars.length > 0) {
    return { hits: [...mesh.verify(input), ...common(mesh, input)], assumed: [] }
  }
  // Bare. The rules tell why; when they say it should have been injected, the call itself failed.
  const marker = mesh.marker(subject)
  const injection = mesh.injection(input)
  const why: readonly Hit[] = injection.injected ? [missed(mesh, input)] : injection.hits
  // A pod that came out bare does not leave it open whether the revision exists.
  const certain = why.map((hit): Hit =>
    hit.id === 'revision-unknown' ? { ...hit, id: 'rev-label-dangling' } : hit,
  )
  const hits = marker === null ? certain : [marker, ...(injection.injected ? [] : certain)]
  return { hits, assumed: injection.assumed }
}

function predicted(mesh: Mesh, input: MeshInput): Judged {
  const nowhere = placement(input.subject, false)
  if (nowhere.length > 0) return { hits: nowhere, assumed: [] }
  const injection: Injection = mesh.injection(input)
  // Injected by hand: the manifest carries the sidecar itself, so that one is judged.
  const own = mesh.checkInput(input).own
  const byHand = mesh
    .sidecars(input.subject)
    .some((one) => own(one) && !['', 'auto'].includes(one.image))
  if (byHand && !(injection.injected && mesh.replacesSidecar)) {
    return { hits: [...mesh.verify(input), ...common(mesh, input)], assumed: [] }
  }
  return injection.injected
    ? { hits: [...mesh.foresee(input), ...common(mesh, input)], assumed: injection.assumed }
    : { hits: [...injection.hits], assumed: injection.assumed }
}

function common(mesh: Mesh, input: MeshInput): Hit[] {
  const { spec, prefix } = input.subject.pod
  const shared = mesh.checkInput(input)
  const hits = mesh.checks.flatMap((check) => check(shared))
  if (!isTrue(spec, 'hostNetwork')) return hits
  // No injector does this: a sidecar put in by hand, in the network of the node.
  const message = 'the pod uses the network of the node, which no sidecar redirects'
  return [{ id: 'host-network', path: `${prefix}spec.hostNetwork`, message }, ...hits]
}

function missed(mesh: Mesh, { subject, injectors }: MeshInput): Hit {
  const open = injectors.find((one) => one.failurePolicy === 'Ignore')
  const how =
    open === undefined
      ? 'it was away, or the pod is older than it'
      : `its entry "${open.name}" lets pods pass when it does not answer`
  return {
    id: 'failure-policy-ignore',
    path: `${subject.pod.prefix}spec.containers`,
    message: `the ${mesh.title} injector should have added its sidecar and did not: ${how}`,
  }
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
    const hit = hits.find((one) => effectOf(one.id) === effect)
    if (hit !== undefined && effect !== 'risk') return { verdict: effect, reason: hit.id }
  }
  return { verdict: 'covered', reason: null }
}
