// SPDX-License-Identifier: Apache-2.0
// Labels and annotations that change while the pod runs: an injector read them when the pod was made, so a
// change now either does nothing and misleads, or is read by somebody else: a node's plugin, a policy.

import { pardon, requirements, type Requirement } from '../../policies/src/index.ts'
import type { Found } from './by-policy.ts'
import { isMeshKey } from './checks/mesh-keys.ts'
import { fields, list, marks, text, type Marks } from './fields.ts'
import { findingOf, type Finding } from './finding.ts'
import type { Knowledge, Objection } from './judge.ts'
import { unknownNamespace } from './namespace.ts'
import type { Review } from './review.ts'
import { subjectKey, type Subject } from './subject.ts'

type Change = { path: string; key: string; how: string }

/** A finished pod before and after an update. */
export function judgeMetadata(before: Subject, after: Subject, known: Knowledge): Found {
  if (!after.finished) return { findings: [], objections: [] }
  const changes = [
    ...changed(before.labels, after.labels, 'metadata.labels'),
    ...changed(before.annotations, after.annotations, 'metadata.annotations'),
  ]
  return told(after.namespace, subjectKey(after), changes, known, (one) => {
    const [was, is] = [before, after].map((pod) => forgiven(one, pod, known))
    return was !== is
  })
}

/** A Binding's labels and annotations are written into the pod that it binds. */
export function judgeBinding(review: Review, known: Knowledge): Found {
  const none: Marks = new Map()
  const changes = ['labels', 'annotations'].flatMap((kind) =>
    changed(none, marks(review.object, 'metadata', kind), `metadata.${kind}`),
  )
  const name = review.name === '' ? (text(review.object, 'metadata', 'name') ?? '') : review.name
  return told(review.namespace, `Pod/${review.namespace}/${name}`, changes, known, () => false)
}

function told(
  where: string,
  object: string,
  changes: readonly Change[],
  known: Knowledge,
  forgivenAnew: (one: Requirement) => boolean,
): Found {
  const findings: Finding[] = []
  const objections: Objection[] = []
  if (changes.length === 0) return { findings, objections }
  const { name, labels } = known.namespaces.get(where) ?? unknownNamespace(where)
  for (const one of requirements(known.policies, { name, labels: Object.fromEntries(labels) })) {
    const read = selecting(one)
    const anew = forgivenAnew(one)
    const found = changes.find(({ key }) => isMeshKey(key) || (anew && read.has(key)))
    const mesh = one.meshes[0]
    if (found === undefined || mesh === undefined) continue
    const message = `${found.how} while the pod runs; ${
      isMeshKey(found.key) ? 'the injector will not look at it again' : 'an exemption selects by it'
    }`
    const hit = { id: 'post-create-metadata', path: found.path, message } as const
    const finding = findingOf(hit, mesh, object)
    findings.push(finding)
    objections.push({ finding, mode: one.mode, policy: one.loaded.key, class: one.class })
  }
  return { findings, objections }
}

/** Keys of labels by which the policy exempts. */
function selecting({ loaded }: Requirement): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const { workloads } of loaded.policy.spec.exemptions ?? []) {
    for (const key of Object.keys(fields(workloads?.labels, 'matchLabels'))) keys.add(key)
    for (const one of list(workloads?.labels, 'matchExpressions')) keys.add(text(one, 'key') ?? '')
  }
  return keys
}

function forgiven(one: Requirement, { owner, pod, namespace }: Subject, known: Knowledge): boolean {
  const workload = {
    ...owner,
    labels: Object.fromEntries(pod.labels),
    namespace: { name: namespace },
  }
  const exemptions = one.loaded.policy.spec.exemptions ?? []
  // An exemption of some findings only is for those; any of them will do here.
  const findings = new Set(['', ...exemptions.flatMap((each) => each.findings ?? [])])
  return [...findings].some((id) => pardon(one.loaded, workload, id, known.today).holds)
}

function changed(before: Marks, after: Marks, where: string): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)]
    if (old === now) return []
    const what = where.endsWith('labels') ? 'the label' : 'the annotation'
    const how = old === undefined ? 'was added' : now === undefined ? 'was removed' : 'was changed'
    return [{ path: `${where}[${key}]`, key, how: `${what} ${key} ${how}` }]
  })
}
