// SPDX-License-Identifier: Apache-2.0
// A whole node, from boot to boot: a workload that works and three miners that came by ways which admission does not see.
// Audit tells of all of them, promoting stops exactly them, and nothing that happens to the agent or the node changes that.
// The tests of one kernel are steps of one story, in this order.
//   UNDERPIN_NODES='6.12 5.10,lsm=lockdown,yama 7.2'   kernels, each with its arguments after a comma
//   UNDERPIN_RUNTIME=runc-new   UNDERPIN_STARTS=1000   the runtime, and how many containers the loop starts
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NodeAgent } from './agent.ts'
import { nodeName, until } from './control-plane.ts'
import type { MachineOptions } from './machine.ts'
import { slower } from './network.ts'
import {
  bareMiner,
  covered,
  namespace,
  policies,
  slipped,
  staticPod,
  workers,
  type Worker,
} from './subjects.ts'
import { World } from './world.ts'

const nodes = (process.env['UNDERPIN_NODES'] ?? '6.12').split(' ').map((node) => {
  const [series = '', ...rest] = node.split(',')
  return { node, series, kernelArguments: rest.join(',') }
})
const runtime = (process.env['UNDERPIN_RUNTIME'] ?? 'runc') as MachineOptions['runtime'] & string
const starts = Number(process.env['UNDERPIN_STARTS'] ?? 10)
/** A miner that can reach its pool needs no longer, on a busy machine and a processor that is emulated. */
const longEnough = 15_000 * slower

describe.each(nodes)('$node', ({ series, kernelArguments }) => {
  let world: World
  let agent: NodeAgent
  beforeAll(async () => {
    world = new World({ series, kernelArguments, runtime })
    agent = new NodeAgent(world)
    await world.start()
  })
  afterAll(() => world.close())

  const mine = (worker: Worker) => until(`"${worker}" mines`, () => world.logins(worker) > 0, 120)
  /** Nobody logs in while it is long enough. */
  const nobodyMines = async () => {
    const before = workers.map((worker) => world.logins(worker))
    await sleep(longEnough)
    expect(workers.map((worker) => world.logins(worker))).toEqual(before)
  }

  test('audit: policies of the cluster are in force before anybody is there', async () => {
    await agent.installResources()
    await world.plane.apply(namespace, ...policies('audit'))
    await agent.start()
    world.told('the agent is ready')
    const { policies: told, kernel } = await agent.inForce('audit', 3)
    expect(told.map(({ policy }) => policy).sort()).toEqual([
      'ClusterRuntimePolicy/deny-bare-miners',
      'ClusterRuntimePolicy/deny-miners',
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
      await mine(worker)
      world.told(`the miner "${worker}" has logged in at its pool`)
    }
    await until('the workload answers', () => world.served(), 120)
    world.told('the covered pod answers')
  })

  test('audit: the node tells of every container and what enforcing would stop', async () => {
    const who = (row: { pod?: { name: string }; subject?: string }) => row.pod?.name ?? row.subject
    const miners = ['bare', `monitor-${nodeName}`, 'report-job']
    const told = await until('all miners in the ledger', async () => {
      const { ledger, containers } = await agent.state()
      const handshakes = ledger.filter(({ decision }) => decision === 'protocol')
      return (
        miners.every((name) => handshakes.some((row) => who(row) === name)) && {
          ledger,
          containers,
        }
      )
    })
    world.told('the report tells of all three')
    const kinds = new Map(told.containers.map((one) => [one.pod?.name ?? one.id, one.kind]))
    expect(kinds.get('checkout')).toBe('pod')
    expect(kinds.get('report-job')).toBe('pod')
    expect(kinds.get(`monitor-${nodeName}`)).toBe('static')
    expect(kinds.get('bare')).toBe('bare')
    expect(told.ledger.every(({ verdict }) => verdict === 'wouldDeny')).toBe(true)
    expect(told.ledger.filter(({ pod }) => pod?.name === 'checkout')).toEqual([])
  })

  test('audit: what kubectl exec starts is born in the container, and told', async () => {
    const { status, output } = await world.plane.kubectl(
      ...['exec', '-n', 'shop', 'checkout', '-c', 'app', '--', '/bin/id'],
    )
    expect({ status, output }).toMatchObject({ status: 0, output: /^uid=0/ as never })
    await until('it is told', async () =>
      (await agent.state()).ledger.some(
        ({ exe, pod, verdict }) =>
          exe === '/bin/id' && pod?.name === 'checkout' && verdict === 'wouldDeny',
      ),
    )
  })

  test('promoted: the miners are stopped in all three, and the workload goes on', async () => {
    await world.plane.apply(...policies('enforce'))
    world.told('promoted')
    await agent.inForce('enforce', 3)
    world.told('policies are enforced, says the node')
    await sleep(1000) // what was on its way to the pool
    await nobodyMines()
    expect(await world.served()).toBe(true)
    const denied = async () =>
      (await agent.state()).ledger.filter((row) => row.verdict === 'denied')
    await until('denials of all three', async () => (await denied()).length >= 3)
    world.told('all three are denied, says the node')
    const { status } = await world.plane.kubectl(
      ...['exec', '-n', 'shop', 'checkout', '-c', 'app', '--', '/bin/id'],
    )
    expect(status).not.toBe(0)
  })

  test('the agent is killed: what is in force stays, and a new container finds it so', async () => {
    await agent.kill('KILL')
    await world.machine.must(world.ctr('ctr task rm -f bare; ctr container rm bare'))
    await world.machine.must(world.ctr(bareMiner))
    await nobodyMines()
    expect(await world.served()).toBe(true)
    world.told('without an agent nobody mines, and the workload works')
  })

  test(`the agent is replaced while ${starts} containers start: none runs what is denied`, async () => {
    const replaced = agent.start()
    const loop =
      `ran=0; for i in $(seq ${starts}); do ctr_run --rm test.underpin.dev/tools:1 loop-$i /tmp/first ` +
      '>>/run/node/loop.log 2>&1 && ran=$((ran + 1)); done; echo $ran'
    const ran = await world.machine.must(world.ctr(loop), 60 + starts * 20)
    await replaced
    expect(Number(ran)).toBe(0)
    const denied = await agent.denials('/tmp/first')
    expect(denied).toBe(starts)
    world.told(
      `${starts} containers were started, ${denied} first programs denied, ${ran.trim()} ran`,
    )
    await agent.inForce('enforce', 3)
    await nobodyMines()
  })

  test('drained: the workload leaves, and what does not obey a drain stays stopped', async () => {
    const { status, error } = await world.plane.kubectl(
      ...['drain', nodeName, '--ignore-daemonsets', '--force', '--timeout=90s'],
    )
    expect({ status, error }).toMatchObject({ status: 0 })
    await nobodyMines()
    await world.plane.kubectl('uncordon', nodeName)
    await world.plane.apply(covered, slipped)
    await until('the workload is back', () => world.served(), 120)
    world.told('drained, and back')
    await nobodyMines()
  })

  test('booted again: enforced from the first program on', async () => {
    await agent.atBoot()
    const before = workers.map((worker) => world.logins(worker))
    await world.machine.cutPower()
    await world.machine.boot()
    world.told('booted again')
    await world.machine.ready()
    world.told('the node is ready again')
    await until('the workload is back', () => world.served(), 180)
    world.told('the covered pod answers again')
    await world.machine.must(world.ctr('ctr container rm bare; true'))
    await world.machine.must(world.ctr(bareMiner))
    await nobodyMines()
    expect(workers.map((worker) => world.logins(worker))).toEqual(before)
    await agent.inForce('enforce', 3)
    const { containers } = await agent.state()
    expect(containers.filter(({ kind }) => kind === 'unbound')).toEqual([])
    world.told('nobody has mined since')
  })
})
