// SPDX-License-Identifier: Apache-2.0
// The controller at the size of 5,000 nodes: what it keeps of 150,000 pods of 3,000 workloads, and what a look at all of
// them takes. Without an API server: what that adds is one list and one watch of each kind.
import { factsOf, Pool } from '../controller/src/node-facts.ts'
import { Picture } from '../controller/src/picture.ts'
import { foldPolicies, statusOf } from '../controller/src/policy-fold.ts'
import { digestOf, formats, objectOf } from '../controller/src/report-shape.ts'
import { workloadReport } from '../controller/src/report.ts'
import {
  containerOf,
  covered,
  deployment,
  rowOf,
  slipped,
  stateOf,
} from '../controller/src/specimens.ts'
import { markOf, writeMarks, type NodeState, type PodName } from '../policies/src/index.ts'
import type { LiveRecord } from '../webhook/src/index.ts'
import { say } from './figures.ts'

export const size = {
  nodes: 5000,
  workloads: 3000,
  podsOfEach: 50,
  policies: 1000,
  selecting: 20,
  ledgerRows: 10,
}

export function controller(): Promise<void> {
  const at = (name: string) => {
    const seconds = process.cpuUsage().user / 1e6
    say(`${name}: ${(seconds - since).toFixed(2)} s, ${mebibytes()} MiB resident`)
    since = process.cpuUsage().user / 1e6
  }
  let since = process.cpuUsage().user / 1e6
  say(`before: ${mebibytes()} MiB resident`)
  const records = new Map<string, LiveRecord>()
  const byNode = Array.from({ length: size.nodes }, (): LiveRecord[] => [])
  for (let one = 0, pod = 0; one < size.workloads; one++) {
    const made = deployment(`app-${one}`, size.podsOfEach, one % 3 === 0 ? slipped : covered)
    for (const record of made) {
      records.set(record.uid, record)
      if (record.kind !== 'Pod') continue
      record.node = `node-${pod % size.nodes}`
      byNode[pod++ % size.nodes]?.push(record)
    }
  }
  const picture = new Picture(records)
  picture.changed([...records.values()])
  at(`${records.size} workloads and pods`)
  const pool = new Pool()
  let told = 0
  for (const [node, pods] of byNode.entries()) {
    const text = JSON.stringify(stateWith(`node-${node}`, pods))
    told += text.length
    picture.told(`node-${node}`, factsOf(JSON.parse(text) as NodeState, pool))
  }
  at(`${size.nodes} NodeStates of ${Math.round(told / size.nodes)} bytes, made, read and kept`)
  let bytes = 0
  const { owners } = picture.takeDirty()
  for (const owner of owners.values()) {
    const facts = picture.workload(owner)
    if (facts === null) continue
    const object = objectOf(workloadReport(facts), formats.openreports)
    digestOf(object)
    bytes += Buffer.byteLength(JSON.stringify(object))
  }
  at(`${owners.size} reports, ${Math.round((bytes / owners.size) * 1000)} bytes for 1,000`)
  const folds = foldPolicies(picture.nodes.values(), policies)
  for (const fold of folds.values())
    statusOf({ generation: 1, mode: 'audit', conditions: [] }, fold, '2026-11-21T12:00:00Z')
  at(`status of ${folds.size} policies`)
  const rows = [...picture.rows()]
  at(`the join: ${rows.length} containers`)
  return Promise.resolve()
}

const policies = Array.from({ length: size.policies }, (_, at) => ({
  ...{ key: `RuntimePolicy/shop/p-${at}`, uid: `uid-p-${at}`, generation: 1 },
}))
const marks = writeMarks(
  policies.map(({ uid, generation }) => markOf(uid, generation)),
  Infinity,
)

const mebibytes = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20)

/** What a node with these pods says of them. */
export function stateWith(node: string, pods: readonly PodName[]): NodeState {
  const named = pods.map(({ namespace, name, uid }) => ({ namespace, name, uid }))
  return stateOf(node, {
    inForce: { count: policies.length, marks },
    policies: policies.slice(0, size.selecting).map(({ key, generation }) => ({
      ...{ policy: key, generation, mode: 'audit' as const },
      ...{ state: 'inForce' as const, containers: 3 },
    })),
    containers: named.map((pod) => ({ ...containerOf(pod.name), id: 'f'.repeat(64), pod })),
    ledger: named.slice(0, size.ledgerRows).map((pod) => rowOf(pod.name, { pod })),
  })
}
