// SPDX-License-Identifier: Apache-2.0
// The chart as it is installed on the node's cluster, with the image of this checkout; and what its agent says there.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  markOf,
  readMarks,
  type NodeState,
  type NodeStateStatus,
} from '../../policies/src/index.ts'
import { elsewhere } from './beside.ts'
import { nodeName, until } from './control-plane.ts'
import { patience } from './network.ts'
import { checkout, type Mode } from './subjects.ts'
import type { World } from './world.ts'

const project = join(import.meta.dirname, '..', '..')
const underpin = join(project, 'cli', 'bin', 'underpin')
/** Those of the chart, and one of the workload's own. */
const policies = 5

interface Policy {
  metadata: { name: string; uid: string; generation: number }
  spec: { mode?: Mode }
}

export interface JoinedContainer {
  state: string
  pod: string | null
  container: string
  kernel: string
}

export class Release {
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  /** As `helm upgrade --install` on every push does it; `agent` are values of the agent alone. */
  async apply(profile: Mode, agent: object = {}): Promise<void> {
    const { plane, network, folder } = this.world
    const values = {
      profile,
      agent,
      ...{ webhook: { nodeSelector: elsewhere }, controller: { nodeSelector: elsewhere } },
      image: { pullPolicy: 'Never' },
      coverage: { meshes: ['istio'], mode: 'warn' },
      policies: { additional: [checkout(profile)] },
    }
    const file = join(folder, 'values.json')
    writeFileSync(file, JSON.stringify(values))
    const chart = join(project, 'charts', 'underpin')
    const env = { ...plane.env, HOME: folder }
    const asked = ['upgrade', '--install', 'underpin', chart, '-n', 'underpin']
    const { status, output, error } = await network.run(
      [join(this.world.folders.cluster, 'helm'), ...asked, '--create-namespace', '-f', file],
      { env },
    )
    if (status !== 0) throw new Error(`helm upgrade: ${output}${error}`)
  }

  /** Until the DaemonSet has nothing left to replace, and its agent is ready. */
  async ready(): Promise<void> {
    const wait = ['rollout', 'status', '-n', 'underpin', 'daemonset/underpin-agent']
    const seconds = 120 * patience
    const { status, output, error } = await this.world.plane.kubectl(
      ...wait,
      `--timeout=${seconds}s`,
    )
    if (status === 0) return
    const { output: said } = await this.world.plane.kubectl(
      ...['logs', '-n', 'underpin', 'daemonset/underpin-agent', '--tail=20'],
    )
    throw new Error(`the agent is not ready: ${output}${error}${said}`)
  }

  /** Name and UID of the agent's pod. */
  async pod(): Promise<{ name: string; uid: string }> {
    const { items } = await this.world.plane.get<{
      items: { metadata: { name: string; uid: string; deletionTimestamp?: string } }[]
    }>('pods', '-n', 'underpin', '-l', 'app.kubernetes.io/component=agent')
    const [pod] = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    if (!pod) throw new Error('the agent has no pod')
    return pod.metadata
  }

  async state(): Promise<NodeStateStatus> {
    const state = await this.world.plane.get<NodeState>('nodestate', nodeName)
    if (!state.status) throw new Error('the NodeState has no status')
    return state.status
  }

  /** Until the node says of every policy that it is in force, as it stands in the cluster and in this mode. */
  inForce(mode: Mode, by?: string): Promise<{ state: NodeStateStatus; names: string[] }> {
    return until(
      `all policies in ${mode}`,
      async () => {
        const { items } = await this.world.plane.get<{ items: Policy[] }>(
          ...['clusterruntimepolicies,runtimepolicies', '--all-namespaces'],
        )
        const state = await this.state()
        const marks = readMarks(state.inForce?.marks ?? '')
        const there = items.filter(
          ({ metadata, spec }) =>
            spec.mode === mode && marks.has(markOf(metadata.uid, metadata.generation)),
        )
        if (by !== undefined && state.agent.pod !== `underpin/${by}`) return false
        const names = there.map(({ metadata }) => metadata.name).sort()
        return there.length === policies && { state, names }
      },
      90,
    )
  }

  /** `underpin report --cluster`, as people see it. */
  async table(): Promise<string> {
    const { network, plane } = this.world
    const asked = [underpin, 'report', '--cluster', '--kubeconfig', plane.kubeconfig]
    return (await network.run(asked)).output
  }

  /** The same for programs: every container, with what admission and the kernel say of it. */
  async report(): Promise<JoinedContainer[]> {
    const { network, plane } = this.world
    const asked = [underpin, 'report', '--cluster', '--kubeconfig', plane.kubeconfig, '-o', 'json']
    const { output, error } = await network.run(asked)
    try {
      return (JSON.parse(output) as { containers: JoinedContainer[] }).containers
    } catch {
      throw new Error(`underpin report --cluster: ${error}${output}`)
    }
  }

  /** `kubectl get reports`: the state of each workload, by its name. */
  async reports(): Promise<Map<string, string>> {
    const { items } = await this.world.plane.get<{
      items: { metadata: { annotations: Record<string, string> }; scope?: { name: string } }[]
    }>('reports', '--all-namespaces')
    return new Map(
      items.map(({ metadata, scope }) => [
        scope?.name ?? '',
        metadata.annotations['reports.underpin.dev/state'] ?? '',
      ]),
    )
  }

  /** How often this program was denied, by the kernel's own ledger. */
  async denials(executable: string): Promise<number> {
    const { output } = await this.world.machine.sh(`${underpin} report -o json`)
    const { records } = JSON.parse(output) as {
      records: { executable: string | null; outcome: string; count: number }[]
    }
    return records
      .filter((one) => one.executable === executable && one.outcome === 'denied')
      .reduce((sum, { count }) => sum + count, 0)
  }

  /** The agent's process, by somebody on the node; the kubelet starts it again in the same pod. */
  kill(): Promise<string> {
    const pid = `$(sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p' /run/underpin/state.json)`
    return this.world.machine.must(`kill -KILL ${pid}`)
  }

  /** No pod of the agent belongs on the node, or one does again. */
  async hold(held: boolean): Promise<void> {
    const nodeSelector = { 'test.underpin.dev/held': held ? 'yes' : null }
    const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } })
    const { status, error } = await this.world.plane.kubectl(
      ...['patch', 'daemonset', 'underpin-agent', '-n', 'underpin', '--type', 'merge', '-p', patch],
    )
    if (status !== 0) throw new Error(`kubectl patch daemonset: ${error}`)
  }

  /** What a service of the node runs before the kubelet. */
  readonly atBoot = `NODE_NAME=${nodeName} ${join(project, 'examples', 'at-boot', 'underpin-at-boot.sh')}`

  async uninstall(): Promise<void> {
    const { network, plane, folder } = this.world
    const { status, error } = await network.run(
      [join(this.world.folders.cluster, 'helm'), 'uninstall', 'underpin', '-n', 'underpin'],
      { env: { ...plane.env, HOME: folder } },
    )
    if (status !== 0) throw new Error(`helm uninstall: ${error}`)
  }

  /** Objects of the release, of whatever kind, but its custom resources; and its pods, which it does not own itself. */
  async left(): Promise<string[]> {
    const { network, plane, folders } = this.world
    const kubectl = join(folders.cluster, 'kubectl')
    const kinds = `$(${kubectl} api-resources --verbs=list -o name | grep -v ^customresourcedefinitions | paste -sd,)`
    const of = '--all-namespaces -l app.kubernetes.io/part-of=underpin -o name --ignore-not-found'
    const { status, output, error } = await network.run(
      ['sh', '-c', `${kubectl} get ${kinds} ${of}`],
      { env: plane.env },
    )
    if (status !== 0) throw new Error(`kubectl get: ${error}`)
    return output.split('\n').filter((line) => line !== '')
  }
}
