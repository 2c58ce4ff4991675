// SPDX-License-Identifier: Apache-2.0
// Controller and webhook of the chart, beside the node: an emulated processor has no time for them, so their pods wait for
// a node that never comes, and the same programs run on this machine instead, with the arguments of their pods, as their
// service accounts, and behind their Service.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { end, host } from './network.ts'
import type { World } from './world.ts'

/** The label of the node that never comes. */
export const elsewhere = { 'underpin.test/node': 'beside' }

const project = join(import.meta.dirname, '..', '..')
const underpin = join(project, 'cli', 'bin', 'underpin')
const namespace = 'underpin'

interface Deployment {
  spec: {
    template: {
      spec: Record<'containers' | 'initContainers', { name: string; args: string[] }[] | undefined>
    }
  }
}

export class Beside {
  private readonly world: World
  private readonly running: ChildProcess[] = []

  constructor(world: World) {
    this.world = world
  }

  async start(): Promise<void> {
    await this.begin('controller')
    await this.begin('webhook')
    // What the control plane makes of a Service whose pods run.
    await this.world.plane.apply({
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: {
        ...{ name: 'underpin-webhook-beside', namespace },
        labels: { 'kubernetes.io/service-name': 'underpin-webhook' },
      },
      endpoints: [{ addresses: [host], conditions: { ready: true } }],
      ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
    })
  }

  private async begin(part: string): Promise<void> {
    const { network, plane, folder } = this.world
    const account = `underpin-${part}`
    const token = ['create', 'token', account, '-n', namespace, '--duration=2h']
    const { status, output, error } = await plane.kubectl(...token)
    if (status !== 0) throw new Error(`no token of ${account}: ${error}`)
    const config = join(folder, `${part}.conf`)
    writeFileSync(config, plane.configOf(output.trim()))
    const { spec } = await plane.get<Deployment>('deployment', '-n', namespace, account)
    const { containers = [], initContainers = [] } = spec.template.spec
    const env = { POD_NAMESPACE: namespace, POD_NAME: `${account}-beside` }
    for (const { name, args } of initContainers) {
      const said = await network.run([underpin, ...args, '--kubeconfig', config], { env })
      if (said.status !== 0) throw new Error(`${name} of ${part}: ${said.error}`)
    }
    for (const { args } of containers)
      this.running.push(
        network.start([underpin, ...args, '--kubeconfig', config], {
          ...{ log: join(folder, `${part}.log`), cwd: folder, env },
        }),
      )
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map((child) => end(child)))
  }
}
