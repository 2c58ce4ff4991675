// SPDX-License-Identifier: Apache-2.0
// A cluster as it is now, judged like manifests: first everything that is known around the workloads, then the
// workloads and the pods page by page. Only verdicts and findings are kept, so memory does not grow with pods.

import { besideFindings } from '../beside.ts'
import { isTrue, list, text } from '../fields.ts'
import { Judged } from '../judged.ts'
import { scanResult, type ScanResult } from '../scan-result.ts'
import { subjectsOf, type Subject } from '../subject.ts'
import { lookAround, manifestOf, type AroundOptions } from './around.ts'
import { Owners } from './owners.ts'
import { isOver, workloadResources, type Resource } from './resources.ts'
import { slim } from './slim.ts'

export type ClusterScanOptions = AroundOptions

/** Objects beside the workloads are compared with so many of them. */
const mostCompared = 20_000

const pods: Resource = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true }

/** Files among the options are judged as well, with what is known of the cluster. */
export async function scanCluster(options: ClusterScanOptions): Promise<ScanResult> {
  const around = await lookAround(options)
  const { knowledge, objects, expected, input, reader, served, unread } = around
  const judged = new Judged(around, input)
  const owners = new Owners()
  const compared: Subject[] = []
  const compare = (subject: Subject) => {
    if (compared.length < mostCompared) compared.push(slim(subject))
  }
  let { count } = around
  let workloads = new Set(input.subjects.map(({ manifest }) => manifest)).size
  for (const one of input.subjects) {
    judged.add(one)
    compare(one.subject)
  }
  const resources = workloadResources(served, options.templates)
  const kinds = new Set(resources.map(({ kind }) => kind))
  for (const resource of resources) {
    await reader.each(resource, (object) => {
      count += 1
      owners.add(object)
      // The workload that makes it is judged in its place.
      if (kinds.has(controllerKind(object))) return
      workloads += 1
      for (const subject of subjectsOf(object, options)) {
        judged.add({ subject, manifest: manifestOf(object) })
        compare(subject)
      }
    })
  }
  await reader.each(pods, (object) => {
    count += 1
    if (isOver(object)) return
    const workload = owners.of(object)
    if (workload === null) workloads += 1
    for (const subject of subjectsOf(object, { ...options, finished: true })) {
      judged.add({ subject, manifest: manifestOf(object) }, workload ?? undefined)
      // The pods of a workload are like its template.
      if (workload === null) compare(subject)
    }
  })
  judged.addBesides(besideFindings(expected, { ...knowledge, objects, subjects: compared }))
  return scanResult({
    documents: count,
    workloads,
    meshes: [
      ...expected.map(({ name }) => name),
      ...judged.subjects.flatMap(({ mesh }) => mesh ?? []),
    ],
    subjects: judged.subjects,
    findings: judged.findings,
    unread: [...unread, ...judged.failed],
  })
}

function controllerKind(object: unknown): string {
  const controller = list(object, 'metadata', 'ownerReferences').find((one) =>
    isTrue(one, 'controller'),
  )
  return text(controller, 'kind') ?? ''
}
