// SPDX-License-Identifier: Apache-2.0
// What the gates say of one pod and one mesh: is it injected, does the plugin redirect it, can it run a sidecar at
// all, and is what is there whole?

import type { CheckInput } from './checks/check.ts'
import { beforePlugin } from './checks/fresh-node.ts'
import { furtherReasons } from './checks/further-reasons.ts'
import { placement } from './checks/placement.ts'
import { ofKind } from './cluster-objects.ts'
import { isTrue } from './fields.ts'
import { effectOf, type Hit } from './finding.ts'
import { askApiServer } from './meshes/api-server-gate.ts'
import type { Mesh, MeshInput } from './meshes/mesh.ts'
import { askInOrder, type Outcome, type Trail } from './meshes/rule.ts'
import type { Subject } from './subject.ts'

export type Inspected = { hits: Hit[]; assumed: readonly string[] }

/** A sidecar is there: is it the real one, and is everything captured? */
export function inspected(mesh: Mesh, input: MeshInput, trail: Trail): Inspected {
  const plugin = throughPlugin(mesh, input, trail)
  const how = { gate: 'finished-object', mode: 'all', title: mesh.title, trail } as const
  const found = askInOrder(mesh.verify, input, how)
  return {
    hits: [...found.hits, ...plugin.hits, ...common(mesh, input, trail)],
    assumed: [...plugin.assumed, ...found.assumed],
  }
}

/** Both gates that decide whether there is a sidecar at all. */
export function injectionOf(mesh: Mesh, input: MeshInput, trail: Trail): Outcome {
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
export function throughPlugin(mesh: Mesh, input: MeshInput, trail: Trail): Outcome {
  const none: Outcome = { hits: [], injects: false, assumed: [] }
  if (mesh.capturedBy(input) !== 'cni') return none
  const how = { gate: 'cni', mode: 'first', title: mesh.title, trail } as const
  const asked = askInOrder(mesh.cniRules, input, how)
  return asked.hits.length > 0 ? asked : { ...asked, hits: beforePlugin(input) }
}

export function unplaced(
  { subject, objects }: MeshInput,
  hasSidecar: boolean,
  trail: Trail,
): Hit[] {
  const hits = placement(subject, hasSidecar, ofKind(objects, 'Node'))
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
export function common(mesh: Mesh, input: MeshInput, trail: Trail): Hit[] {
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
