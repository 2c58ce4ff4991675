// SPDX-License-Identifier: Apache-2.0
// What an agent meets in a cluster: our custom resources from the chart, namespaces, pods that are bound to its node, and
// the cgroups that a kubelet would make for them, in the test's own part of this machine.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseDocuments, type NodeState } from '../../policies/src/index.ts'
import type { Ask } from './api.ts'

const chart = new URL('../../charts/underpin', import.meta.url).pathname
const crds = join(chart, 'crds')
const nodeStates = join(chart, 'templates', 'agent', 'nodestates.gen.yaml')
const group = '/apis/underpin.dev/v1alpha1'

type Definition = { metadata: { name: string }; spec: { group: string; names: { plural: string } } }

export async function must(ask: Ask, method: string, path: string, body?: unknown) {
  const answer = await ask(method, path, body)
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body as { metadata: { uid: string; generation: number; resourceVersion: string } }
}

/** Of the product, from the chart; resolves when they are served. */
export async function applyDefinitions(ask: Ask): Promise<void> {
  const files = readdirSync(crds).map((name) => join(crds, name))
  const all = [...files.filter((name) => name.endsWith('.yaml')), nodeStates]
    .flatMap((file) => parseDocuments(readFileSync(file, 'utf8'), dialect))
    .map(({ value }) => value as Definition)
    .filter(({ spec }) => spec.group === 'underpin.dev')
  for (const one of all)
    await must(ask, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', one)
  const end = Date.now() + 60_000
  for (const { spec } of all)
    while ((await ask('GET', `${group}/${spec.names.plural}`)).status !== 200) {
      if (Date.now() > end) throw new Error(`${spec.names.plural} are not served after a minute`)
      await sleep(50)
    }
}

const dialect = {
  limits: {
    bytes: 8e6,
    values: 1e6,
    aliases: 0,
    documents: 10,
    depth: 64,
  },
  lenient: true,
  versions: ['1.2'],
}

export type PodOptions = {
  labels?: Record<string, string>
  annotations?: Record<string, string>
  hostNetwork?: boolean
  ip?: string
  node?: string
  containers?: { name: string; id: string }[]
}

export class NodeWorld {
  readonly ask: Ask
  readonly node: string

  constructor(ask: Ask, node: string) {
    this.ask = ask
    this.node = node
  }

  /** As the scheduler leaves it, and as far as told as the kubelet does; answers its uid. */
  async pod(name: string, options: PodOptions = {}): Promise<string> {
    const { labels = {}, annotations = {}, ip, containers = [] } = options
    const { metadata } = await must(this.ask, 'POST', '/api/v1/namespaces/shop/pods', {
      metadata: { name, labels, annotations },
      spec: {
        nodeName: options.node ?? this.node,
        ...(options.hostNetwork && { hostNetwork: true }),
        terminationGracePeriodSeconds: 0,
        containers: [
          ...(containers.length > 0 ? containers : [{ name: 'app' }]).map((one) => ({
            name: one.name,
            image: 'registry.test/app:1',
          })),
        ],
      },
    })
    await must(this.ask, 'PATCH', `/api/v1/namespaces/shop/pods/${name}/status`, {
      status: {
        phase: 'Running',
        ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
        containerStatuses: containers.map(({ name: of, id }) => ({
          name: of,
          containerID: `containerd://${id}`,
          image: 'registry.test/app:1',
          imageID: '',
          ready: true,
          restartCount: 0,
        })),
      },
    })
    return metadata.uid
  }

  async remove(name: string): Promise<void> {
    await must(this.ask, 'DELETE', `/api/v1/namespaces/shop/pods/${name}?gracePeriodSeconds=0`)
  }

  policy(name: string, spec: object): Promise<{ metadata: { uid: string; generation: number } }> {
    return must(this.ask, 'POST', `${group}/namespaces/shop/runtimepolicies`, {
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'RuntimePolicy',
      metadata: { name },
      spec,
    })
  }

  async change(name: string, spec: object): Promise<void> {
    const path = `${group}/namespaces/shop/runtimepolicies/${name}`
    const { body } = await this.ask('GET', path)
    await must(this.ask, 'PUT', path, { ...body, spec })
  }

  async removePolicy(name: string): Promise<void> {
    await must(this.ask, 'DELETE', `${group}/namespaces/shop/runtimepolicies/${name}`)
  }

  async state(): Promise<NodeState | null> {
    const { status, body } = await this.ask('GET', `${group}/nodestates/${this.node}`)
    return status === 200 ? (body as unknown as NodeState) : null
  }

  /** Until what the node says of itself is so. */
  async stateWhere(what: string, holds: (state: NodeState) => boolean): Promise<NodeState> {
    const end = Date.now() + 30_000
    let last: NodeState | null = null
    while (Date.now() < end) {
      last = await this.state()
      if (last?.status && holds(last)) return last
      await sleep(100)
    }
    throw new Error(`the node state never said ${what}: ${JSON.stringify(last)}`)
  }
}

/** A container's id as runtimes make it. */
export const containerId = (): string => `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
