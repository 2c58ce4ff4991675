// SPDX-License-Identifier: Apache-2.0
// The first gate: does the API server call the injector for this pod? Asked of each entry of the mesh's
// webhook configurations; when none is called, the mesh's own rules say why.

import { creation, type AdmissionCall } from '../api-server/call.ts'
import { askGate, type GateVerdict } from '../api-server/gate.ts'
import { creatorOf } from '../api-server/creators.ts'
import { allLabels, manifestLabels, templateLabels } from '../api-server/known-labels.ts'
import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import type { Namespace } from '../namespace.ts'
import type { Step } from '../step.ts'
import type { Subject } from '../subject.ts'
import type { Mesh, MeshInput } from './mesh.ts'
import { askInOrder, type Outcome, type Trail } from './rule.ts'

/** What the API server makes of one entry, and the steps on the way when they are asked for. */
export type EntryCall = { injector: Injector; verdict: GateVerdict; steps: readonly Step[] }

const pods = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

export function callsOf(
  mesh: Mesh,
  injectors: readonly Injector[],
  subject: Subject,
  namespace: Namespace,
  explain: boolean,
): EntryCall[] {
  // Only conditions look at the object, and making it is dear: its annotations can be megabytes.
  const asked = injectors.some(({ conditions }) => conditions > 0)
  const call = mesh.call?.(subject, namespace) ?? podCall(subject, namespace, asked)
  return injectors.map((injector) => {
    const steps: Step[] = []
    return { injector, verdict: askGate(injector, call, explain ? steps : undefined), steps }
  })
}

/** The creation of the pod that this is, or that is made from this template. */
function podCall(
  { kind, name, pod, owner, finished }: Subject,
  namespace: Namespace,
  withObject: boolean,
): AdmissionCall {
  const { labels, annotations, spec } = pod
  const metadata = {
    // The pods of a workload get theirs when they are made.
    ...(kind === 'Pod' ? { name } : {}),
    namespace: namespace.name,
    labels: Object.fromEntries(labels),
    annotations: withObject ? Object.fromEntries(annotations) : {},
  }
  const call = creation(pods, {
    namespace: namespace.name,
    namespaceLabels: allLabels(namespace.labels),
    labels: templateLabels(kind, labels),
    object: { apiVersion: 'v1', kind: 'Pod', metadata, spec },
    creator: creatorOf(owner.kind),
  })
  return { ...call, finished }
}

/** The creation of the workload itself, for an injector that changes that. */
export function workloadCall(
  of: { group: string; version: string; resource: string; kind: string },
  { object }: Subject,
  namespace: Namespace,
): AdmissionCall {
  const namespaceLabels = allLabels(namespace.labels)
  const labels = manifestLabels(object)
  const known = { namespace: namespace.name, namespaceLabels, labels, object }
  return creation(of, known)
}

/** No hits: it is called. */
export function askApiServer(mesh: Mesh, input: MeshInput, trail: Trail): Outcome {
  // A mesh without a webhook is not called by anybody; its own rules decide.
  if (mesh.uncalled.length === 0) return { hits: [], injects: true, assumed: [] }
  const calls = input.calls.filter(({ verdict }) => verdict.outcome === 'called')
  trail?.push(...input.calls.flatMap(({ steps }) => steps))
  const assumed = calls.flatMap(({ verdict }) => verdict.assumed)
  if (calls.length > 0) return { hits: [], injects: true, assumed }
  for (const outcome of ['rejected', 'unknown'] as const) {
    const entry = input.calls.find(({ verdict }) => verdict.outcome === outcome)
    if (entry !== undefined) return { hits: [openHit(entry)], injects: false, assumed: [] }
  }
  // Rules and selectors fit: nothing of the namespace and the pod's labels is to blame.
  const leftOut = input.calls.find(({ verdict }) => verdict.by === 'matchConditions')
  if (leftOut !== undefined) return { hits: [conditionHit(leftOut)], injects: false, assumed: [] }
  const how = { gate: 'api-server', mode: 'first', title: mesh.title, trail } as const
  return askInOrder(mesh.uncalled, input, how)
}

function conditionHit({ injector, verdict }: EntryCall): Hit {
  const message = `the matchConditions of "${injector.name}" leave the pod out: ${verdict.why}`
  return { id: 'injector-config-tampered', path: '', message }
}

function openHit({ injector, verdict }: EntryCall): Hit {
  return verdict.outcome === 'rejected'
    ? {
        id: 'injector-refuses',
        path: '',
        message: `the API server refuses the pod at "${injector.name}": ${verdict.why}`,
      }
    : {
        id: 'input-unknown',
        path: '',
        message: `whether "${injector.name}" is called depends on ${verdict.why}`,
      }
}

/** An entry that would take the pod, but for the pod's own labels. */
export function onlyPodRefused({ calls }: MeshInput): Injector | null {
  const found = calls.find(({ verdict }) => verdict.by === 'objectSelector')
  return found?.injector ?? null
}

/** An entry that cares for pods at all is there. */
export function hasPodEntry({ calls }: MeshInput): boolean {
  return calls.some(({ verdict }) => verdict.by !== 'rules')
}
