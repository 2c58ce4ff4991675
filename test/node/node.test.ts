// SPDX-License-Identifier: Apache-2.0
// A whole node: the chart is installed with the image of this checkout; a workload works, and three
// miners have come by ways which admission does not see. Audit tells of all of them. The tests of one kernel are steps of
// one story, in this order.
//   UNDERPIN_NODES='6.12 5.10,lsm=lockdown,yama 7.2'   kernels, each with its arguments after a comma
//   UNDERPIN_RUNTIME=runc-new   the runtime
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeName, until } from './control-plane.ts'
import type { MachineOptions } from './machine.ts'
import { Release } from './release.ts'
import { bareMiner, covered, namespace, slipped, staticPod, workers } from './subjects.ts'
import { World } from './world.ts'

const nodes = (process.env['UNDERPIN_NODES'] ?? '6.12').split(' ').map((node) => {
  const [series = '', ...rest] = node.split(',')
  return { node, series, kernelArguments: rest.join(',') }
})
const runtime = (process.env['UNDERPIN_RUNTIME'] ?? 'runc') as MachineOptions['runtime'] & string

describe.each(nodes)('$node', ({ series, kernelArguments }) => {
  let world: World
  let release: Release
  beforeAll(async () => {
    world = new World({ series, kernelArguments, runtime })
    release = new Release(world)
    await world.start()
  })
  afterAll(() => world.close())

  const exec = (...command: string[]) =>
    world.plane.kubectl('exec', '-n', 'shop', 'checkout', '-c', 'app', '--', ...command)

  test('installed: what the chart brings is in force, in audit', async () => {
    await world.plane.apply(namespace)
    await release.apply('audit')
    world.told('helm has installed the chart')
    await release.ready()
    const { kernel, policies } = await release.inForce('audit', (await release.pod()).name)
    expect(policies.map(({ policy }) => policy).sort()).toEqual([
      'ClusterRuntimePolicy/underpin-bare-containers',
      'ClusterRuntimePolicy/underpin-deny-miners',
      'ClusterRuntimePolicy/underpin-image-code',
      'ClusterRuntimePolicy/underpin-metadata-guard',
      'RuntimePolicy/shop/checkout',
    ])
    world.told(`policies are in force in audit on ${kernel.release}`)
  })

  test('audit: the workload works, and all three miners mine', async () => {
    const manifest = Buffer.from(JSON.stringify(staticPod)).toString('base64')
    await world.machine.must(
      `echo ${manifest} | base64 -d >/run/node/m && mv /run/node/m /var/lib/node/manifests/monitor.json`,
    )
    await world.plane.apply(covered, slipped)
    await world.machine.must(world.ctr(bareMiner))
    for (const worker of workers) {
      await until(`"${worker}" mines`, () => world.heard(worker) > 2, 120)
      world.told(`the miner "${worker}" answers the jobs of its pool`)
    }
    await until('the workload answers', () => world.served(), 120)
    world.told('the covered pod answers')
  })

  test('audit: the reports name every container, and what enforcing would stop', async () => {
    // A container without a pod is named by its cgroup, or by its namespaces if it was in these first.
    const who = ({ pod, policy }: { pod?: { name: string }; policy: string | null }) =>
      pod?.name ?? (policy?.endsWith('/underpin-bare-containers') ? 'bare' : '')
    const miners = ['bare', `monitor-${nodeName}`, 'report-job']
    const { ledger, containers } = await until('all miners in the ledger', async () => {
      const state = await release.state()
      const handshakes = state.ledger.filter(({ decision }) => decision === 'protocol')
      return miners.every((name) => handshakes.some((row) => who(row) === name)) && state
    })
    world.told('the node tells of all three')
    const kinds = new Map(containers.map((one) => [one.pod?.name ?? one.id, one.kind]))
    expect(kinds.get('checkout')).toBe('pod')
    expect(kinds.get('report-job')).toBe('pod')
    expect(kinds.get(`monitor-${nodeName}`)).toBe('static')
    expect(kinds.get('bare')).toBe('bare')
    expect(ledger.every(({ verdict }) => verdict === 'wouldDeny')).toBe(true)
    expect(ledger.filter(({ pod }) => pod?.name === 'checkout')).toEqual([])

    const rows = await release.report()
    const of = (name: string) => {
      const row = rows.find(({ pod, container }) => (pod ?? container) === name)
      return row && `${row.state}, ${row.kernel}`
    }
    world.told('report --cluster has told')
    expect(of('checkout')).toBe('covered, audited')
    expect(of('report-job')).toBe('uncovered, audited')
    expect(of(`monitor-${nodeName}`)).toBe('never-admitted, audited')
    expect(of('bare')).toBe('never-admitted, audited')
  })

  test('audit: what kubectl exec starts is born in the container, and told', async () => {
    const { status, output } = await exec('/bin/id')
    expect(status).toBe(0)
    expect(output).toMatch(/^uid=0/)
    await until('it is told', async () =>
      (await release.state()).ledger.some(
        ({ exe, pod, verdict }) =>
          exe === '/bin/id' && pod?.name === 'checkout' && verdict === 'wouldDeny',
      ),
    )
  })
})
