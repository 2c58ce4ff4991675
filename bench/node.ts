// SPDX-License-Identifier: Apache-2.0
// The built agent of a node before a real API server, with 250 pods of its node and 1,000 policies: memory, idle CPU, what it
// asks of the API server when nothing happens, and the time from a changed policy to a changed verdict, and from a pod to
// its row in the kernel.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readState } from '../enforcer/src/index.ts'
import { serviceAccountFolder } from '../runtime/src/in-cluster.ts'
import { serviceAccount, startCluster, type Cluster } from '../test/cluster/cluster.ts'
import { applyDefinitions, containerId, must, NodeWorld } from '../test/cluster/node-world.ts'
import { ended, need, Sandbox, until } from '../test/harness/sandbox.ts'
import { podCount, podPolicy } from './crowd.ts'
import { assert, quantile, round, say, summary } from './figures.ts'
import { cpuSeconds, program, resident, sleep } from './process.ts'

const policyCount = 1000
const changes = 50
const idleMinutes = 2
const nodeName = 'node-1'

/** Everything that anybody has asked the API server for; a watch counts when it ends. */
async function requests(cluster: Cluster): Promise<number> {
  const { body } = await cluster.ask('GET', '/metrics')
  const counts = String(body['text']).matchAll(/^apiserver_request_total\{.*\} (\S+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Runs a command that finds the API server where a pod finds it: with a kubeconfig it would also load what reads those. */
function asInPod(cluster: Cluster, account: string, command: string[]): ChildProcess {
  const { environment } = serviceAccount(cluster, account)
  const mounted = `
    mount -t tmpfs none /run; mkdir -p ${dirname(serviceAccountFolder)}
    ln -s ${account} ${serviceAccountFolder}; exec "$@"`
  return spawn('unshare', ['--mount', 'sh', '-ec', mounted, 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], HOME: account, ...environment },
  })
}

/** The policy of pod 0 alone: whether it may run `true`. */
const flipped = (allowed: boolean) => ({
  mode: 'enforce',
  select: { pods: { matchLabels: { app: 'app-0' } } },
  processes: [{ exe: ['/app/bin', need('sh')] }, ...(allowed ? [{ exe: need('true') }] : [])],
})

export async function node(): Promise<void> {
  const s = new Sandbox()
  const cluster = await startCluster()
  const world = new NodeWorld(cluster.ask, nodeName)
  let child: ChildProcess | undefined
  try {
    await must(cluster.ask, 'POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
    await must(cluster.ask, 'POST', '/api/v1/nodes', { metadata: { name: nodeName } })
    await applyDefinitions(cluster.ask)
    const folders: string[] = []
    for (let i = 0; i < podCount; i++) {
      const id = containerId()
      const labels = { app: `app-${i}` }
      const uid = await world.pod(`pod-${i}`, { labels, containers: [{ name: 'app', id }] })
      folders.push(`kubepods/burstable/pod${uid}/${id}`)
      mkdirSync(join(s.cgroup, folders[i] as string), { recursive: true })
    }
    for (let i = podCount; i < policyCount + podCount - 1; i++)
      await world.policy(`policy-${i}`, podPolicy(i).spec)
    await world.policy('flipped', flipped(true))
    await sleep(5000)
    const quiet = await during(idleMinutes, () => requests(cluster))

    child = asInPod(cluster, join(s.files, 'account'), [
      ...[program, 'agent', '--node', nodeName, '--keep', s.files],
      ...['--cgroup', s.cgroup, '--pins', s.pins, '--state', s.state, '--log-level', 'error'],
    ])
    const pid = child.pid ?? 0
    const begun = performance.now()
    await until('all is in force', () => readState(s.state)?.loaded.length === policyCount, 60_000)
    const started = performance.now() - begun
    await sleep(20_000) // its NodeState is written
    const before = cpuSeconds(pid)
    const busy = await during(idleMinutes, () => requests(cluster))
    const idle = ((cpuSeconds(pid) - before) / (idleMinutes * 60)) * 100
    const memory = resident(pid)

    const times: number[] = []
    const generation = () => s.tables().control.get({ value: 0 })?.generation ?? 0
    for (let i = 0; i < changes; i++) {
      const last = generation()
      const allowed = i % 2 === 1
      const at = performance.now()
      await world.change('flipped', flipped(allowed))
      while (generation() === last) {
        assert(performance.now() - at < 10_000, 'a change is applied')
        await sleep(1)
      }
      times.push(performance.now() - at)
      await until('the change is over', () => s.current().generation === generation())
      const { code } = await s.run(folders[0] as string, [need('true')])
      assert((code === 0) === allowed, `"true" is ${allowed ? 'allowed' : 'denied'}`)
      await sleep(200)
    }
    await sleep(15_000)
    const after = resident(pid)
    const pods: number[] = []
    const known = (uids: string[]) =>
      uids.every((uid) => s.tables().pods.get({ uid: Buffer.from(uid.replaceAll('-', ''), 'hex') }))
    const pod = (name: string, i: number) => world.pod(name, { labels: { app: `app-${i}` } })
    const untilKnown = async (make: () => Promise<string[]>) => {
      const at = performance.now()
      const uids = await make()
      while (!known(uids)) {
        assert(performance.now() - at < 10_000, 'a pod is known')
        await sleep(1)
      }
      return performance.now() - at
    }
    for (let i = 0; i < changes; i++) {
      pods.push(await untilKnown(async () => [await pod(`late-${i}`, i)]))
      await sleep(200)
    }
    const burst = await untilKnown(() =>
      Promise.all(Array.from({ length: changes }, (_, i) => pod(`burst-${i}`, i))),
    )
    const [p50, p99] = quantiles(times)
    const [podP50, podP99] = quantiles(pods)
    const rate = busy - quiet
    say(`${podCount} pods, ${policyCount} policies of a real API server`)
    say(`  in force           ${round(started / 1000)} s after the process started`)
    say(`  resident           ${round(memory)} MiB idle, ${round(after)} MiB 15 s after changes`)
    say(`  idle               ${round(idle)} % of one core over ${idleMinutes} minutes`)
    say(`  requests, idle     ${round(rate)} a minute (${round(quiet)} without the agent)`)
    say(`  change → enforced  p50 ${round(p50)} ms, p99 ${round(p99)} ms of ${changes}`)
    say(`  pod → known        p50 ${round(podP50)} ms, p99 ${round(podP99)} ms of ${changes}`)
    say(`  ${changes} pods at once    ${round(burst)} ms until the last is known`)
    summary('node', {
      ...{ start_ms: started, resident_mib: memory, resident_after_changes_mib: after },
      ...{ idle_percent: idle, requests_per_minute: rate },
      ...{ change_p50_ms: p50, change_p99_ms: p99 },
      ...{ pod_p50_ms: podP50, pod_p99_ms: podP99, burst_ms: burst },
    })
  } finally {
    if (child) await ended(child, 'SIGKILL')
    s.close()
    await cluster.stop()
  }
}

function quantiles(times: number[]): [p50: number, p99: number] {
  times.sort((a, b) => a - b)
  return [quantile(times, 0.5), quantile(times, 0.99)]
}

/** By how much `count` grows in a minute. */
async function during(minutes: number, count: () => Promise<number>): Promise<number> {
  const before = await count()
  await sleep(minutes * 60_000)
  return ((await count()) - before) / minutes
}
