// SPDX-License-Identifier: Apache-2.0
// A container that joins a running pod: no injector and no scheduler sees it. What it is like is judged with
// its pod; here it is told that it came, and whether it sits down beside the sidecar.

import { byPolicy, type Found } from './by-policy.ts'
import { isSidecar } from './connect.ts'
import { text } from './fields.ts'
import type { Hit } from './finding.ts'
import type { Knowledge } from './judge.ts'
import { subjectKey, type Subject } from './subject.ts'

/** A finished pod before and after an update. */
export function judgeDebug(before: Subject, after: Subject, known: Knowledge): Found {
  const there = new Set(before.pod.containers.map(({ name }) => name))
  const joining = after.pod.containers.filter(
    ({ kind, name }) => kind === 'ephemeral' && !there.has(name),
  )
  if (!after.finished || joining.length === 0) return { findings: [], objections: [] }
  const { kind, name } = after.owner
  const labels = Object.fromEntries(after.pod.labels)
  const about = {
    namespace: after.namespace,
    object: subjectKey(after),
    workload: { kind, name, labels },
  }
  return byPolicy(known, about, (mesh) =>
    joining.map((one) => {
      const target = text(one.fields, 'targetContainerName') ?? ''
      const beside = isSidecar(target, mesh, known)
      const message = beside
        ? `the debug container "${one.name}" sees the processes and files of the sidecar "${target}"`
        : `the debug container "${one.name}" joins the running pod; no injector sees it`
      const hit: Hit = { id: 'ephemeral-container', path: one.path, message }
      return { hit, objects: beside }
    }),
  )
}
