// SPDX-License-Identifier: Apache-2.0
// The controller against a real API server: what it writes, what it does not write, who leads, and what stays when the
// API server goes.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CoverageStatus } from '../../controller/src/coverage-fold.ts'
import { containerOf, rowOf } from '../../controller/src/specimens.ts'
import {
  markOf,
  writeMarks,
  type NodeContainer,
  type NodePolicy,
  type NodeStateStatus,
} from '../../policies/src/index.ts'
import { coveragePolicy } from '../../webhook/src/specimens.ts'
import { asTable } from './api.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import {
  deploy,
  installCustomResources,
  installMesh,
  must,
  namespaceOf,
  say,
  until,
  type Made,
} from './controller-world.ts'

const program = join(import.meta.dirname, '../../cli/src/main.ts')
const key = 'RuntimePolicy/shop/checkout'
type Report = {
  metadata: {
    name: string
    resourceVersion: string
    annotations: Record<string, string>
    ownerReferences: object[]
  }
  summary: Record<string, number>
  results: { rule: string; result: string; message: string; properties: Record<string, string> }[]
}

let cluster: Cluster
let cart: Made
let node: Made
const processes: ChildProcess[] = []

function controller(identity: string, ...more: string[]): ChildProcess & { port: Promise<number> } {
  const child = spawn(
    process.execPath,
    [
      ...[program, 'controller', '--kubeconfig', cluster.kubeconfig, '--namespace', 'default'],
      ...['--metrics-host', '127.0.0.1', '--metrics-port', '0', ...more],
    ],
    { env: { ...process.env, POD_NAME: identity }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  processes.push(child)
  const { promise, resolve } = Promise.withResolvers<number>()
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    const port = /"port":(\d+)/.exec(text)?.[1]
    if (port !== undefined) resolve(Number(port))
  })
  return Object.assign(child, { port: promise })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

const metric = async (port: number, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const reportPath = (uid: string) =>
  `/apis/openreports.io/v1alpha1/namespaces/shop/reports/underpin-${uid}`
const reportOf = (uid: string, fits: (report: Report) => boolean = () => true) =>
  until(`report of ${uid}`, async () => {
    const { status, body } = await cluster.ask('GET', reportPath(uid))
    const report = body as unknown as Report
    return status === 200 && fits(report) ? report : null
  })
const ruleOf = (report: Report, rule: string) => report.results.find((one) => one.rule === rule)

const policyRow: NodePolicy = {
  ...{ policy: key, generation: 1, state: 'inForce', mode: 'audit', containers: 3 },
}
function withoutPod(container: NodeContainer): NodeContainer {
  const bare = { ...container }
  delete bare.pod
  return bare
}

let policyUid: string
const told = (more: Partial<NodeStateStatus> = {}): Partial<NodeStateStatus> => ({
  inForce: { count: 1, marks: writeMarks([markOf(policyUid, 1)], 9) },
  policies: [policyRow],
  containers: [
    ...[...cart.pods, ...node.pods].map((pod) => ({ ...containerOf(pod.name), pod })),
    withoutPod(containerOf('x', { kind: 'bare', id: 'miner' })),
  ],
  ledger: cart.pods.map((pod) => rowOf(pod.name, { pod })),
  ...more,
})

beforeAll(async () => {
  cluster = await startCluster()
  const { ask } = cluster
  await installCustomResources(ask)
  await must(ask, 'POST', '/api/v1/namespaces', namespaceOf('shop'))
  await installMesh(ask)
  // Made before the namespace asks for the mesh, so no injector is waited for.
  cart = await deploy(ask, { namespace: 'shop', name: 'cart', pods: 2, node: 'node-1' })
  const host = { hostNetwork: true }
  node = await deploy(ask, { namespace: 'shop', name: 'node', pods: 1, node: 'node-1' }, host)
  await must(ask, 'PATCH', '/api/v1/namespaces/shop', {
    metadata: { labels: { 'istio-injection': 'enabled' } },
  })
  const policies = '/apis/underpin.dev/v1alpha1/namespaces/shop/runtimepolicies'
  const made = await must(ask, 'POST', policies, {
    ...{
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'RuntimePolicy',
      metadata: { name: 'checkout' },
    },
    spec: { mode: 'audit', processes: [{ exe: '/app' }] },
  })
  policyUid = made.metadata.uid
  await say(ask, 'node-1', told())
})
afterAll(async () => {
  for (const child of processes) if (child.exitCode === null) child.kill('SIGKILL')
  await cluster.stop()
})

let first: ReturnType<typeof controller>
let port: number
let third: ReturnType<typeof controller>

it('writes a report for each workload, with both halves, owned by the workload', async () => {
  first = controller('first')
  port = await first.port
  const report = await reportOf(cart.uid)
  expect(report.metadata.ownerReferences).toEqual([
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart', uid: cart.uid },
  ])
  expect(ruleOf(report, 'exec')).toMatchObject({
    result: 'warn',
    message: 'start of /tmp/xmrig: would be denied if enforced (6 times)',
    properties: { count: '6', subjects: '2' },
  })
  expect(report.metadata.annotations['reports.underpin.dev/state']).toBe('uncovered would-deny')
  expect(ruleOf(report, 'containers')).toMatchObject({ properties: { audited: '2' } })
  const other = await reportOf(node.uid)
  expect(ruleOf(other, 'host-network')).toMatchObject({ result: 'fail', properties: { pods: '1' } })
  expect(ruleOf(other, 'exec')).toBeUndefined()
})

it('kubectl get reports says who, why, and what would be stopped', async () => {
  const path = '/apis/openreports.io/v1alpha1/namespaces/shop/reports'
  const { body } = await cluster.ask('GET', path, undefined, asTable)
  const { columnDefinitions, rows } = body as unknown as {
    columnDefinitions: { name: string; priority: number }[]
    rows: { cells: unknown[] }[]
  }
  const shown = columnDefinitions.flatMap(({ priority }, at) => (priority === 0 ? [at] : []))
  const [heads, ...lines] = [
    columnDefinitions.map(({ name }) => name),
    ...rows.map((r) => r.cells),
  ].map((cells) => shown.map((at) => cells[at]).slice(1, -1))
  expect(heads).toEqual(['Kind', 'Workload', 'State', 'Why', 'Kernel'])
  expect(lines).toContainEqual([
    ...['Deployment', 'cart', 'uncovered would-deny', 'failure-policy-ignore'],
    'audited: would stop start of /tmp/xmrig',
  ])
  expect(lines).toContainEqual(['Deployment', 'node', 'uncovered', 'host-network', 'audited'])
})

it('writes a report of a node about what no admission saw', async () => {
  const { body } = await cluster.ask('GET', '/apis/openreports.io/v1alpha1/clusterreports')
  const [report] = body['items'] as Report[]
  expect(report?.results).toMatchObject([{ rule: 'never-admitted', properties: { id: 'miner' } }])
})

it('writes what all nodes say into the status of the policy', async () => {
  const path = '/apis/underpin.dev/v1alpha1/namespaces/shop/runtimepolicies/checkout'
  const { status } = await until('status', async () => {
    const { body } = await cluster.ask('GET', path)
    return body['status'] === undefined ? null : body
  })
  expect(status).toMatchObject({
    observedGeneration: 1,
    nodes: { total: 1, selected: 1, ready: 1, failed: 0 },
    ...{ denied: 0, wouldDeny: 6, wouldStop: 'start of /tmp/xmrig' },
  })
})

it('tells once what became so', async () => {
  const reasons = await until('events', async () => {
    const { body } = await cluster.ask('GET', '/apis/events.k8s.io/v1/namespaces/shop/events')
    const items = body['items'] as { reason: string; regarding: { name: string } }[]
    const own = items.map(({ reason, regarding }) => `${regarding.name} ${reason}`)
    return own.length >= 4 ? own.sort() : null
  })
  expect(reasons).toEqual([
    ...['cart SidecarBypassed', 'cart WouldDeny', 'checkout InForce', 'node SidecarBypassed'],
  ])
})

it('writes nothing when nothing new is said', async () => {
  const before = await reportOf(cart.uid)
  const writes = await metric(port, 'underpin_report_writes_total')
  const statuses = await metric(port, 'underpin_policy_status_writes_total')
  for (let turn = 0; turn < 3; turn++) {
    // A heartbeat, and only more of the same: that is told later.
    const ledger = cart.pods.map((pod) => rowOf(pod.name, { pod, count: 100 + turn }))
    await say(cluster.ask, 'node-1', told({ observedAt: new Date().toISOString(), ledger }))
    await sleep(2500)
  }
  expect(await metric(port, 'underpin_report_writes_total')).toBe(writes)
  expect(await metric(port, 'underpin_policy_status_writes_total')).toBe(statuses)
  expect((await reportOf(cart.uid)).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
})

it('judges anew when what stands around the pods changes', async () => {
  const label = (value: string | null) =>
    must(cluster.ask, 'PATCH', '/api/v1/namespaces/shop', {
      metadata: { labels: { 'istio-injection': value } },
    })
  await label('disabled')
  const off = await reportOf(cart.uid, (one) => ruleOf(one, 'failure-policy-ignore') === undefined)
  expect(off.results.map(({ rule }) => rule)).toContain('exec')
  await label('enabled')
  await reportOf(cart.uid, (one) => ruleOf(one, 'failure-policy-ignore') !== undefined)
})

it('puts right what somebody else changed', async () => {
  await must(cluster.ask, 'PATCH', reportPath(cart.uid), { results: [], summary: { fail: 0 } })
  await reportOf(cart.uid, ({ results }) => results.length > 0)
})

it('goes on after the API server was away, and writes nothing twice', async () => {
  const writes = await metric(port, 'underpin_report_writes_total')
  await cluster.server.stop('SIGKILL')
  await cluster.server.start()
  await say(cluster.ask, 'node-1', told({ ledger: [] }))
  await reportOf(cart.uid, (one) => ruleOf(one, 'exec') === undefined)
  expect(await metric(port, 'underpin_report_writes_total')).toBe(writes + 1)
})

it('another one leads when the first is killed, and only goes on', async () => {
  const second = controller('second')
  const other = await second.port
  await sleep(3000)
  expect(await metric(other, 'underpin_controller_leading')).toBe(0)
  await end(first, 'SIGKILL')
  await say(
    cluster.ask,
    'node-1',
    told({ ledger: node.pods.map((pod) => rowOf(pod.name, { pod })) }),
  )
  await reportOf(node.uid, (one) => ruleOf(one, 'exec') !== undefined)
  expect(await metric(other, 'underpin_controller_leading')).toBe(1)
  // The one that changed, and no other.
  expect(await metric(other, 'underpin_report_writes_total')).toBe(1)
  // Stopped by word, it gives the lease back: nobody waits.
  await end(second, 'SIGTERM')
  expect(second.exitCode).toBe(0)
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/underpin-controller'
  const { body } = await cluster.ask('GET', path)
  expect(body).toMatchObject({ spec: { holderIdentity: '' } })
})

it('takes away the report of what went while nobody led', async () => {
  const apps = '/apis/apps/v1/namespaces/shop'
  for (const path of [`${apps}/deployments/node`, `${apps}/replicasets/node-1`])
    await must(cluster.ask, 'DELETE', path, { propagationPolicy: 'Background' })
  await must(cluster.ask, 'DELETE', '/api/v1/namespaces/shop/pods/node-1-0', {
    gracePeriodSeconds: 0,
  })
  third = controller('third')
  await until(
    'report gone',
    async () => (await cluster.ask('GET', reportPath(node.uid))).status === 404,
  )
  expect((await reportOf(cart.uid)).results.length).toBeGreaterThan(0)
})

it('says of a CoveragePolicy who goes around it, and what is wrong with it', async () => {
  const path = '/apis/underpin.dev/v1alpha1/coveragepolicies'
  const becomes = (fits: (status: CoverageStatus) => boolean) =>
    until('status of the policy', async () => {
      const { body } = await cluster.ask('GET', `${path}/mesh`)
      const status = body['status'] as CoverageStatus | undefined
      return status !== undefined && fits(status) ? status : null
    })
  await must(cluster.ask, 'POST', path, coveragePolicy('audit'))
  const status = await becomes(({ uncovered }) => uncovered > 0)
  // What runs and is judged: both pods of the cart.
  expect(status).toMatchObject({ observedGeneration: 1, pods: 2, uncovered: 2 })
  expect(status.conditions).toMatchObject([{ type: 'Accepted', status: 'True' }])
  // Only we know which findings there are.
  const exemptions = [{ owner: 'a', reason: 'b', expires: '2030-01-01', findings: ['no-such'] }]
  const select = { namespaces: { matchLabels: { tier: 'none' } } }
  await must(cluster.ask, 'PATCH', `${path}/mesh`, {
    spec: { exemptions: exemptions.map((one) => ({ ...one, ...select })) },
  })
  const { conditions } = await becomes((one) => one.conditions[0]?.status === 'False')
  expect(conditions[0]?.message).toMatch(/no-such.*; what it said before stays in force$/)
  await end(third, 'SIGTERM')
})

describe('underpin report --cluster', () => {
  const run = (kubeconfig: string, ...args: string[]) =>
    spawnSync(process.execPath, [program, 'report', '--kubeconfig', kubeconfig, ...args], {
      encoding: 'utf8',
    })

  it('is what a person sees: who slips past, why, and what enforcing would stop', () => {
    const json = run(cluster.kubeconfig, '-o', 'json')
    expect(json.stderr).toBe('')
    expect(json.status).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 'underpin.dev/join/v1alpha1',
      summary: { uncovered: 2 },
      ledger: [{ policy: key, exe: '/tmp/xmrig', workload: null, node: 'node-1' }],
    })
    const table = run(cluster.kubeconfig).stdout
    console.log(table)
    expect(table).toMatch(/^4 containers on 1 node with an agent: 4 slip past their sidecar\n/)
    const row = (...cells: string[]) => new RegExp(`^${cells.join(' {2,}')}$`, 'm')
    const audited = 'audited by shop/checkout'
    const why = 'started beside Kubernetes'
    expect(table).toMatch(
      row('never admitted', '\\(no pod\\)', 'app', 'node-1', why, audited, 'nothing so far'),
    )
    expect(table).toMatch(
      row('uncovered', 'Deployment/shop/cart', 'app', '2 × on 1 node', '.*', audited, '.*'),
    )
    expect(table).toMatch(/^never admitted +Pod\/shop\/node-1-0 .* start of \/tmp\/xmrig \(3×\)$/m)
    expect(table).toContain('kubectl patch runtimepolicy checkout -n shop')
  })

  it('says what somebody without rights could not read, and is incomplete', () => {
    const { status, stdout } = run(cluster.powerless)
    expect(status).toBe(3)
    expect(stdout).toContain('not everything could be read or used:')
    expect(stdout).toMatch(/pods: status 403/)
  })
})

it('goes with its workload: what nobody owns any more is collected', async () => {
  const end = await startControllers(cluster, ['garbage-collector-controller'])
  try {
    expect((await cluster.ask('GET', reportPath(cart.uid))).status).toBe(200)
    await must(cluster.ask, 'DELETE', '/apis/apps/v1/namespaces/shop/deployments/cart', {
      propagationPolicy: 'Background',
    })
    await until(
      'report collected',
      async () => (await cluster.ask('GET', reportPath(cart.uid))).status === 404,
    )
  } finally {
    await end()
  }
})
