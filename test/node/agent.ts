// SPDX-License-Identifier: Apache-2.0
// The agent as a service of the node itself, run from this checkout; and what it says of its node in the cluster.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeState, NodeStateStatus } from '../../policies/src/node-state.ts'
import { nodeName, until } from './control-plane.ts'
import { slower } from './network.ts'
import type { World } from './world.ts'

const project = join(import.meta.dirname, '..', '..')
const underpin = join(project, 'cli', 'bin', 'underpin')

/** Outlives a boot. */
const keep = '/var/lib/node/underpin'

export class NodeAgent {
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  private get command(): string {
    const { kubeconfig } = this.world.plane
    const run = `${underpin} agent --node ${nodeName} --kubeconfig ${kubeconfig} --keep ${keep} --metrics 127.0.0.1:9465`
    return (
      `(${run} </dev/null >>/run/node/agent.log 2>&1 & echo $! >/run/node/agent.pid); ` +
      `for i in $(seq ${600 * slower}); do /run/guest/busybox wget -q -O /dev/null http://127.0.0.1:9465/readyz && exit; sleep 0.2; done; ` +
      'tail -n 20 /run/node/agent.log >&2; exit 1'
    )
  }

  async installResources(): Promise<void> {
    const chart = join(project, 'charts', 'underpin')
    const files = [
      ...readdirSync(join(chart, 'crds')).map((name) => join(chart, 'crds', name)),
      join(chart, 'templates', 'agent', 'nodestates.gen.yaml'),
    ]
    // What is long does not fit into the annotation of an ordinary apply.
    const asked = ['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]
    const { status, error } = await this.world.plane.kubectl(...asked)
    if (status !== 0) throw new Error(`custom resources: ${error}`)
    const wait = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']
    await this.world.plane.kubectl(...wait)
  }

  /** Returns when what it knows is in force. */
  start = (): Promise<string> => this.world.machine.must(this.command, 200)

  /** From the next boot on it starts before the container runtime. */
  async atBoot(): Promise<void> {
    const script = `#!/bin/bash\n${this.command}\n`
    const { machine } = this.world
    await machine.must(
      `echo ${Buffer.from(script).toString('base64')} | base64 -d >/var/lib/node/before; chmod 755 /var/lib/node/before; sync`,
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

  /** By its number, and nothing else of it. */
  kill = (signal: string): Promise<string> =>
    this.world.machine.must(`kill -${signal} $(cat /run/node/agent.pid)`)

  async state(): Promise<NodeStateStatus> {
    const state = await this.world.plane.get<NodeState>('nodestate', nodeName)
    if (!state.status) throw new Error('the NodeState has no status')
    return state.status
  }

  /** Until the node says of every policy that it is in force in this mode. */
  async inForce(mode: 'audit' | 'enforce', count: number): Promise<NodeStateStatus> {
    return until(
      `${count} policies in ${mode}`,
      async () => {
        const state = await this.state()
        const there = state.policies.filter((one) => one.state === 'inForce' && one.mode === mode)
        return there.length === count && state
      },
      90,
    )
  }
}
