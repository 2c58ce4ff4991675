// SPDX-License-Identifier: Apache-2.0
// A whole node, from boot to boot: the chart is installed with the image of this checkout; a workload works, and three
// miners have come by ways which admission does not see. Audit tells of all of them, promoting stops exactly them, and
// nothing that happens to the agent or the node changes that. The tests of one kernel are steps of one story, in this order.
//   UNDERPIN_NODES='6.12 5.10,lsm=lockdown,yama 7.2'   kernels, each with its arguments after a comma
//   UNDERPIN_RUNTIME=runc-new   UNDERPIN_STARTS=1000   the runtime, and how many containers the loop starts
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeName, until } from './control-plane.ts'
import type { MachineOptions } from './machine.ts'
import { slower } from './network.ts'
import { Release } from './release.ts'
import { bareMiner, covered, namespace, slipped, staticPod, workers } from './subjects.ts'
import { World } from './world.ts'

const nodes = (process.env['UNDERPIN_NODES'] ?? '6.12').split(' ').map((node) => {
  const [series = '', ...rest] = node.split(',')
  return { node, series, kernelArguments: rest.join(',') }
})
const runtime = (process.env['UNDERPIN_RUNTIME'] ?? 'runc') as MachineOptions['runtime'] & string
const starts = Number(process.env['UNDERPIN_STARTS'] ?? 5)
/** A miner that can reach its pool needs no longer, on a busy machine and a processor that is emulated. */
const longEnough = 10_000 * slower

describe.each(nodes)('$node', ({ series, kernelArguments }) => {
  let world: World
  let release: Release
  beforeAll(async () => {
    world = new World({ series, kernelArguments, runtime })
    release = new Release(world)
    await world.start()
  })
  afterAll(() => world.close())

  const heard = () => workers.map((worker) => world.heard(worker))
  /** The pool hears of nobody while it is long enough. */
  const nobodyMines = async () => {
    const before = heard()
    await sleep(longEnough)
    expect(heard()).toEqual(before)
  }
  const freshBareMiner = async () => {
    await world.machine.must(world.ctr('ctr task rm -f bare; ctr container rm bare; true'))
    await world.machine.must(world.ctr(bareMiner))
  }
  /** Starts containers one after the other whose first program may not run; answers how many ran. */
  const loop = async () => {
    const one =
      'ctr_run --rm test.underpin.dev/tools:1 loop-$i /tmp/first >>/run/node/loop.log 2>&1'
    const all = `ran=0; for i in $(seq ${starts}); do ${one} && ran=$((ran + 1)); done; echo $ran`
    return Number(await world.machine.must(world.ctr(all), 60 + starts * 20))
  }
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
    const who = (row: { pod?: { name: string }; subject?: string }) => row.pod?.name ?? row.subject
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
    expect(of(`monitor-${nodeName}`)).toBe('uncovered, audited')
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

  test('promoted: the miners are stopped in all three, and the workload goes on', async () => {
    await release.apply('enforce')
    world.told('promoted')
    await release.inForce('enforce')
    world.told('policies are enforced, says the node')
    await sleep(1000) // what was on its way to the pool
    await nobodyMines()
    expect(await world.served()).toBe(true)
    expect((await exec('/bin/id')).status).not.toBe(0)
    world.told('nobody mines, and the covered pod answers')
  })

  test(`the agent is killed: what is in force stays, and ${starts} containers that start find it so`, async () => {
    const { name, uid } = await release.pod()
    await world.plane.kubectl(
      'delete',
      'pod',
      '-n',
      'underpin',
      name,
      '--force',
      '--grace-period=0',
    )
    await freshBareMiner()
    const denied = await release.denials('/tmp/first')
    expect(await loop()).toBe(0)
    expect(await release.denials('/tmp/first')).toBe(denied + starts)
    await nobodyMines()
    expect(await world.served()).toBe(true)
    await release.ready()
    const next = await release.pod()
    expect(next.uid).not.toBe(uid)
    await release.inForce('enforce', next.name)
    world.told('its pod was killed, and another has taken over')
  })

  test(`upgraded while ${starts} containers start: none runs what is denied`, async () => {
    const { uid } = await release.pod()
    const denied = await release.denials('/tmp/first')
    await release.apply('enforce', { flows: true })
    expect(await loop()).toBe(0)
    await release.ready()
    const next = await release.pod()
    expect(next.uid).not.toBe(uid)
    expect(await release.denials('/tmp/first')).toBe(denied + starts)
    await release.inForce('enforce', next.name)
    await nobodyMines()
    expect(await world.served()).toBe(true)
    world.told('upgraded')
  })

  test('booted again, with what was known last put in force by a service of the node: enforced from the first program on', async () => {
    await release.atBoot()
    const before = heard()
    await world.machine.cutPower()
    await world.machine.boot()
    world.told('booted again')
    await world.machine.ready()
    world.told('the node is ready again')
    await freshBareMiner()
    expect(await loop()).toBe(0)
    await until('the workload is back', () => world.served(), 180)
    world.told('the covered pod answers again')
    await release.ready()
    await release.inForce('enforce', (await release.pod()).name)
    const { containers } = await release.state()
    expect(containers.filter(({ kind }) => kind === 'unbound')).toEqual([])
    await nobodyMines()
    expect(heard()).toEqual(before)
    world.told('nobody has mined since')
  })

  test('drained: the workload leaves, and what does not obey a drain stays stopped', async () => {
    const { status, error } = await world.plane.kubectl(
      ...['drain', nodeName, '--ignore-daemonsets', '--force', '--timeout=90s'],
    )
    expect({ status, error }).toMatchObject({ status: 0 })
    expect(await world.served()).toBe(false)
    await nobodyMines()
    await world.plane.kubectl('uncordon', nodeName)
    await world.plane.apply(covered, slipped)
    await until('the workload is back', () => world.served(), 120)
    await nobodyMines()
    world.told('drained, and back')
  })
})
