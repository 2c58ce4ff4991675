// SPDX-License-Identifier: Apache-2.0
// A whole node, from boot to boot: the chart is installed with the image of this checkout; a workload works, and three
// miners have come by ways which admission does not see. Audit tells of all of them, promoting stops exactly them, and a
// killed agent, an upgrade, a drain and a boot do not change that. The tests of one kernel are steps of one story, in this
// order; each tells how long it took.
//   UNDERPIN_NODES='6.12 5.10,lsm=lockdown,yama 7.2'   kernels, each with its arguments after a comma
//   UNDERPIN_RUNTIME=runc-new   UNDERPIN_STARTS=1000   the runtime, and how many containers are started without an agent
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Beside } from './beside.ts'
import { nodeName, until } from './control-plane.ts'
import { Loop } from './loop.ts'
import type { MachineOptions } from './machine.ts'
import { slower } from './network.ts'
import { Picture } from './picture.ts'
import { Release } from './release.ts'
import { bareMiner, covered, injector, namespace, slipped, staticPod, workers } from './subjects.ts'
import { World } from './world.ts'

const nodes = (process.env['UNDERPIN_NODES'] ?? '6.12').split(' ').map((node) => {
  const [series = '', ...rest] = node.split(',')
  return { node, series, kernelArguments: rest.join(',') }
})
const runtime = (process.env['UNDERPIN_RUNTIME'] ?? 'runc') as MachineOptions['runtime'] & string
const starts = Number(process.env['UNDERPIN_STARTS'] ?? 5)
/** docs/pictures/node.svg is a copy of it. */
const pictureFile = join(import.meta.dirname, '..', '..', '.cache', 'test', 'node.svg')
/** A miner that can reach its pool needs no longer, on a busy machine and a processor that is emulated. */
const longEnough = 8_000 * slower
const miners = ['bare', `monitor-${nodeName}`, 'report-job']
/** A container without a pod is known by the policy that speaks for it. */
const who = ({ pod, policy }: { pod?: { name: string }; policy: string | null }) =>
  pod?.name ?? (policy?.endsWith('/underpin-bare-containers') ? 'bare' : '')

describe.each(nodes)('$node', ({ series, kernelArguments }) => {
  let world: World
  let release: Release
  let beside: Beside
  beforeAll(async () => {
    world = new World({ series, kernelArguments, runtime })
    release = new Release(world)
    beside = new Beside(world)
    await world.start()
  })
  afterAll(() => world.close())

  const heard = () => workers.map((worker) => world.heard(worker))
  /** The pool hears of nobody while it is long enough. */
  const nobodyMines = async (before = heard()) => {
    await sleep(longEnough)
    expect(heard()).toEqual(before)
  }
  const freshBareMiner = async () => {
    await world.machine.must(world.ctr('ctr task rm -f bare; ctr container rm bare; true'))
    await world.machine.must(world.ctr(bareMiner))
  }
  const exec = (...command: string[]) =>
    world.plane.kubectl('exec', '-n', 'shop', 'checkout', '-c', 'app', '--', ...command)

  const picture = new Picture()
  const reportsTable = async () => (await world.plane.kubectl('get', 'reports', '-A')).output
  const takePicture = async (title: string): Promise<string> => {
    const output = await reportsTable()
    picture.show(title, 'kubectl get reports -A', output)
    let isHead = true
    let isWhat = false
    picture.show(title, 'underpin report --cluster', await release.table(), (line) => {
      if (line.startsWith('ADMISSION')) isHead = false
      if (/^(enforcing would stop|was stopped)/.test(line)) isWhat = true
      if (line.startsWith('to enforce')) isWhat = false
      return isHead || isWhat
    })
    return output
  }

  test('installed: what the chart brings is in force, in audit', async () => {
    await world.plane.apply(namespace, injector)
    await release.apply('audit')
    world.told('helm has installed the chart')
    await beside.start()
    await release.ready()
    world.told('the agent is ready')
    const { state, names } = await release.inForce('audit', (await release.pod()).name)
    expect(names).toEqual([
      ...['checkout', 'underpin-bare-containers', 'underpin-deny-miners'],
      ...['underpin-image-code', 'underpin-metadata-guard'],
    ])
    const exec = state.kernel.mechanisms.find(({ decision }) => decision === 'exec')
    world.told(
      `first report, policies in force in audit, on ${state.kernel.release} by ${exec?.mechanism}`,
    )
  })

  test('audit: the workload works, and all three miners mine', async () => {
    const manifest = Buffer.from(JSON.stringify(staticPod)).toString('base64')
    await world.machine.must(
      `echo ${manifest} | base64 -d >/run/node/m && mv /run/node/m /var/lib/node/manifests/monitor.json`,
    )
    const warnings = await world.plane.apply(covered, slipped)
    expect(warnings).toContain('report-job')
    expect(warnings).not.toContain('checkout')
    world.told(`admission warns: ${warnings}`)
    await world.machine.must(world.ctr(bareMiner))
    for (const worker of workers) {
      await until(`"${worker}" mines`, () => world.heard(worker) > 2, 120)
      world.told(`the miner "${worker}" answers the jobs of its pool`)
    }
    await until('the workload answers', () => world.served(), 120)
    world.told('the covered pod answers')
  })

  test('audit: the reports name every container, and what enforcing would stop', async () => {
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
    world.told(`report --cluster has told:\n${await release.table()}`)
    expect(of('checkout')).toBe('covered, audited')
    expect(of('report-job')).toBe('uncovered, audited')
    expect(of(`monitor-${nodeName}`)).toBe('never-admitted, audited')
    expect(of('bare')).toBe('never-admitted, audited')

    await until('kubectl get reports shows it', async () =>
      /Pod +checkout +covered +audited +\d/.test(await reportsTable()),
    )
    const wanted = new Map([
      ['checkout', 'covered'],
      ['report-job', 'uncovered would-deny'],
      [`monitor-${nodeName}`, 'never-admitted uncovered would-deny'],
    ])
    await until('kubectl get reports tells so', async () => {
      const reports = await release.reports()
      return [...wanted].every(([name, state]) => reports.get(name) === state)
    })
    world.told('kubectl get reports tells so as well')
    const told = await takePicture(
      'In audit, nothing is stopped: what runs, and what enforcing would stop',
    )
    expect(told).toMatch(/Pod +report-job +uncovered would-deny +optout-label-istio .* would stop /)
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
    const { uid } = await release.pod()
    await release.apply('enforce')
    world.told('helm has promoted')
    await release.inForce('enforce')
    world.told('policies are enforced, says the node')
    await sleep(1000) // what was on its way to the pool
    await nobodyMines()
    expect(await world.served()).toBe(true)
    const { status, error } = await exec('/bin/id')
    expect(status).not.toBe(0)
    expect(error).toMatch(/not permitted|killed|137/)
    await until('denials of all three', async () => {
      const { ledger } = await release.state()
      const denied = ledger.filter(({ verdict }) => verdict === 'denied').map(who)
      return miners.every((name) => denied.includes(name))
    })
    expect((await release.pod()).uid).toBe(uid) // policies are no reason to replace the agent
    world.told('nobody mines, and the covered pod answers')
    await until('kubectl get reports tells so', async () =>
      /report-job .* enforced: stopped /.test(await reportsTable()),
    )
    await takePicture('Promoted: the same containers, stopped by the kernel')
    mkdirSync(dirname(pictureFile), { recursive: true })
    picture.write(pictureFile)
  })

  test(`the agent is killed: what is in force stays, and ${starts} containers that start find it so`, async () => {
    const before = (await release.state()).agent
    const loop = new Loop(world, release)
    await release.kill()
    await freshBareMiner()
    await loop.run(starts)
    await nobodyMines()
    expect(await world.served()).toBe(true)
    world.told(`killed: 0 of ${starts} first programs ran`)
    await until(
      'the kubelet has started it again',
      async () => (await release.state()).agent.started !== before.started,
      120,
    )
    await release.inForce('enforce', (await release.pod()).name)
    await loop.allDenied()
    world.told('it has taken over from itself')
  })

  test('the agent is upgraded while containers start: none runs what is denied', async () => {
    const before = await release.pod()
    const loop = new Loop(world, release)
    await loop.begin()
    await release.apply('enforce', { disarmOnUninstall: true })
    await release.ready()
    const after = await release.pod()
    expect(after.uid).not.toBe(before.uid)
    await release.inForce('enforce', after.name)
    world.told('another pod has taken over')
    const count = await loop.end()
    await loop.allDenied()
    expect(count).toBeGreaterThan(1)
    await nobodyMines()
    expect(await world.served()).toBe(true)
    world.told(`upgraded: 0 of ${count} first programs ran`)
  })

  test('drained: the workload leaves, and what does not obey a drain stays stopped', async () => {
    const before = heard()
    const { status, error } = await world.plane.kubectl(
      ...['drain', nodeName, '--ignore-daemonsets', '--force', '--timeout=90s'],
    )
    expect({ status, error }).toMatchObject({ status: 0 })
    expect(await world.served()).toBe(false)
    await world.plane.kubectl('uncordon', nodeName)
    await world.plane.apply(covered, slipped)
    await until('the workload is back', () => world.served(), 120)
    await nobodyMines(before)
    world.told('drained, and back')
  })

  test('booted again: enforced from the first program of the first pod', async () => {
    const before = heard()
    const { started } = (await release.state()).agent
    await world.machine.beforeKubelet(release.atBoot)
    await world.machine.cutPower()
    world.told('the power is cut')
    await release.hold(true) // so that it is the kernel alone that denies, for as long as we look
    await world.machine.boot()
    await world.machine.ready()
    world.told('the node is ready again')
    expect(await world.machine.must('cat /run/node/before-kubelet.log')).toContain(
      '"policies":5,"message":"in force',
    )
    const denies = async () => (await release.denials('/opt/miner')) > 0
    await until('the static pod’s miner is denied', denies, 120)
    world.told('the kernel denies what a miner does, and there is no agent')
    await release.hold(false)
    await until(
      'the agent has begun',
      async () => (await release.state()).agent.started !== started,
      120,
    )
    const { state } = await release.inForce('enforce', (await release.pod()).name)
    world.told('the agent is ready again')
    const early = state.ledger.filter(
      ({ verdict, first }) => verdict === 'denied' && first < state.agent.started,
    )
    expect(early.map(who)).toContain(`monitor-${nodeName}`)
    expect(state.containers.filter(({ kind }) => kind === 'unbound')).toEqual([])
    await until('the workload is back', () => world.served(), 180)
    await freshBareMiner()
    await nobodyMines(before)
    world.told('the covered pod answers, and nobody has mined since')
  })

  test('uninstalled: nothing is left but the custom resources, and nothing is in force', async () => {
    expect((await release.left()).length).toBeGreaterThan(20)
    await release.uninstall()
    await beside.stop()
    await until('nothing is left', async () => (await release.left()).length === 0, 30)
    const { output } = await world.machine.sh(
      'ls /sys/fs/bpf /run/underpin /var/lib/underpin | grep -v :',
    )
    expect(output.trim()).toBe('')
    world.told('uninstalled')
    const before = world.heard('static')
    await until('the static pod mines again', () => world.heard('static') > before, 60)
    world.told('and miners mine again')
  })
})
