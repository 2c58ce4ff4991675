// SPDX-License-Identifier: Apache-2.0
// The webhook and the controller before a real API server with 5,000 nodes, a NodeState of each, and 50,000 pods of 1,000
// workloads: how long until they know it, what memory that takes, and what all reports take in etcd.
import { randomUUID } from 'node:crypto'
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { PodName } from '../policies/src/index.ts'
import { startCluster, type Cluster } from '../test/cluster/cluster.ts'
import {
  installCustomResources,
  installMesh,
  must,
  namespaceOf,
} from '../test/cluster/controller-world.ts'
import { stateWith } from './controller.ts'
import { put, taken, type Stored } from './etcd.ts'
import { assert, say, summary } from './figures.ts'
import { cpuSeconds, program, resident, sleep } from './process.ts'

const size = { nodes: 5000, workloads: 1000, podsOfEach: 50, namespaces: 60 }
const begun = '2026-11-21T10:00:00Z'

type Running = {
  pid: number
  ask: (path: string) => Promise<string>
  stop: () => void
  /** What it said last. */
  log: string[]
}

export async function cluster(): Promise<void> {
  const held = await startCluster()
  const running: Running[] = []
  const interrupted = () => {
    for (const { stop } of running) stop()
    process.exit(3)
  }
  process.once('SIGTERM', interrupted)
  try {
    await installCustomResources(held.ask)
    await installMesh(held.ask)
    for (let at = 0; at < size.namespaces; at++)
      await must(held.ask, 'POST', '/api/v1/namespaces', namespaceOf(`team-${at}`, labelsOf(at)))
    await held.server.stop()
    const count = await put(held.etcd, objects())
    await held.server.start()
    say(`${count} objects put into etcd`)
    const webhook = await start(held, 'webhook', [
      ...['--live', '--port', '0', '--secret', 'default/certificate', '--configuration', 'none'],
    ])
    running.push(webhook)
    const ready = await until(webhook, '/readyz', () => true)
    const asked = figuresOf(webhook)
    say(`webhook: ready after ${ready.toFixed(1)} s, ${asked}`)
    const controller = await start(held, 'controller', [
      ...['--namespace', 'default', '--metrics-host', '127.0.0.1', '--metrics-port', '0'],
    ])
    running.push(controller)
    const known = await until(controller, '/metrics', (text) => valueOf(text, 'reports') > 0)
    const written = await until(
      controller,
      '/metrics',
      (text) => valueOf(text, 'reports') >= size.workloads,
    )
    const { count: reports, bytes } = await taken(held.etcd, '/registry/openreports.io/reports/')
    assert(reports === size.workloads, `${reports} reports instead of ${size.workloads}`)
    say(`controller: first report after ${known.toFixed(1)} s, ${figuresOf(controller)}`)
    await sleep(10_000)
    const text = await controller.ask('/metrics')
    const records = valueOf(text, 'controller_records')
    const writes = valueOf(text, 'report_writes_total')
    say(
      `  ${reports} reports after ${(known + written).toFixed(1)} s; later ${figuresOf(controller)}`,
    )
    say(`  ${writes} writes for them; ${records} workloads and pods known`)
    const each = (bytes / reports) * 1000
    say(`  in etcd: ${(each / 2 ** 20).toFixed(2)} MiB for the reports of 1,000 workloads`)
    assert(records === size.workloads * (size.podsOfEach + 2), `${records} records`)
    summary('cluster', {
      ...{ webhookReady: ready, webhookMiB: resident(webhook.pid) },
      ...{ firstReport: known, allReports: known + written },
      ...{ controllerMiB: resident(controller.pid), bytesPer1000: each },
    })
  } finally {
    process.off('SIGTERM', interrupted)
    for (const { stop } of running) stop()
    await held.stop()
  }
}

const labelsOf = (at: number): Record<string, string> =>
  at % 3 === 0 ? { 'istio-injection': 'enabled' } : {}

const figuresOf = ({ pid }: Running): string =>
  `${resident(pid).toFixed(0)} MiB resident, ${cpuSeconds(pid).toFixed(1)} s on a processor`

/** All that a cluster of this size has of nodes, workloads and pods. */
function* objects(): Generator<Stored> {
  const byNode = Array.from({ length: size.nodes }, (): PodName[] => [])
  let pod = 0
  for (let one = 0; one < size.workloads; one++) {
    const namespace = `team-${one % size.namespaces}`
    const name = `app-${one}`
    const labels = { app: name }
    const template = { metadata: { labels }, spec: specOf(one) }
    const spec = { replicas: size.podsOfEach, selector: { matchLabels: labels }, template }
    const top = madeOf('apps/v1', 'Deployment', namespace, name, { spec })
    yield { key: `/registry/deployments/${namespace}/${name}`, object: top.object }
    const below = madeOf('apps/v1', 'ReplicaSet', namespace, `${name}-1`, { spec }, top)
    yield { key: `/registry/replicasets/${namespace}/${name}-1`, object: below.object }
    for (let at = 0; at < size.podsOfEach; at++, pod++) {
      const node = pod % size.nodes
      const status = {
        phase: 'Running',
        containerStatuses: [
          {
            ...{ name: 'app', ready: true, restartCount: 0, image: 'x', imageID: 'x' },
            ...{ containerID: 'containerd://x', state: { running: { startedAt: begun } } },
          },
        ],
      }
      const of = { spec: { ...specOf(one), nodeName: `node-${node}` }, status }
      const made = madeOf('v1', 'Pod', namespace, `${name}-1-${at}`, of, below)
      byNode[node]?.push({ namespace, name: `${name}-1-${at}`, uid: made.uid })
      yield { key: `/registry/pods/${namespace}/${name}-1-${at}`, object: made.object }
    }
  }
  for (const [at, pods] of byNode.entries()) {
    const name = `node-${at}`
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: begun }]
    const node = madeOf('v1', 'Node', undefined, name, { status: { conditions } })
    yield { key: `/registry/minions/${name}`, object: node.object }
    const { apiVersion, kind, status } = stateWith(name, pods)
    const state = madeOf(apiVersion, kind, undefined, name, { status }, node)
    yield { key: `/registry/underpin.dev/nodestates/${name}`, object: state.object }
  }
}

const specOf = (one: number): object => ({
  containers: [{ name: 'app', image: `registry.example/team/app-${one}:1`, env: [] }],
  ...(one % 30 === 0 ? { hostNetwork: true } : {}),
})

type Made = { uid: string; object: { apiVersion: string; kind: string; metadata: object } }

function madeOf(
  apiVersion: string,
  kind: string,
  namespace: string | undefined,
  name: string,
  parts: object,
  owner?: Made & { object: { metadata: object } },
): Made {
  const uid = randomUUID()
  const of = owner?.object.metadata as { name: string } | undefined
  const ownerReferences =
    owner === undefined || of === undefined
      ? []
      : [
          {
            ...{ apiVersion: owner.object.apiVersion, kind: owner.object.kind },
            ...{ name: of.name, uid: owner.uid, controller: true },
          },
        ]
  const metadata = {
    ...{ name, uid, creationTimestamp: begun, ownerReferences },
    ...(namespace === undefined ? {} : { namespace }),
  }
  return { uid, object: { apiVersion, kind, metadata, ...parts } }
}

/** Resolves when it says on which port it is. */
async function start(
  { kubeconfig }: Cluster,
  command: 'webhook' | 'controller',
  options: string[],
): Promise<Running> {
  const child: ChildProcess & { stdout: NodeJS.ReadableStream } = spawn(
    program,
    [command, '--kubeconfig', kubeconfig, ...options],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const log: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the ${command} ended with ${code}`)))
    createInterface(child.stdout).on('line', (line) => {
      log.push(line)
      log.splice(0, log.length - 10)
      const { message = '', url: at, port } = JSON.parse(line) as Record<string, string>
      if (message === 'webhook listening') resolve(at ?? '')
      if (message === 'controller started') resolve(`http://127.0.0.1:${port}`)
    })
  })
  const pid = child.pid ?? 0
  return { pid, ask: (path) => textAt(`${url}${path}`), stop: () => child.kill('SIGKILL'), log }
}

async function textAt(url: string): Promise<string> {
  const { get } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    // Whoever is busy may not answer at all.
    const signal = AbortSignal.timeout(10_000)
    get(url, { rejectUnauthorized: false, agent: false, signal }, (response) => {
      let text = ''
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(response.statusCode === 200 ? text : ''))
    }).on('error', reject)
  })
}

/** Seconds. */
async function until(
  { ask, log }: Running,
  path: string,
  holds: (text: string) => boolean,
): Promise<number> {
  const from = performance.now()
  for (;;) {
    const text = await ask(path).catch(() => '')
    if (text !== '' && holds(text)) return (performance.now() - from) / 1000
    assert(performance.now() - from < 150_000, `${path} in time; it said ${log.join('\n')}`)
    await sleep(250)
  }
}

/** Of all labels together. */
const valueOf = (text: string, name: string): number =>
  [...text.matchAll(new RegExp(`^underpin_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
