// SPDX-License-Identifier: Apache-2.0
// The agent of a node against a real API server and this machine's kernel: what comes from the cluster is enforced, what
// goes wrong there changes nothing in force, and the cluster is told.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  disarm,
  enforceAtBoot,
  enforceCluster,
  type ClusterAgent,
  type ClusterAgentOptions,
} from '../../enforcer/src/index.ts'
import { markOf, readMarks, type NodeState } from '../../policies/src/index.ts'
import { createLog, createMetrics, openCluster } from '../../runtime/src/index.ts'
import { ended, need, Sandbox, until } from '../harness/sandbox.ts'
import { cableTo } from '../cluster/cable.ts'
import { serviceAccount, startCluster, type Cluster, type Kubeconfig } from '../cluster/cluster.ts'
import { applyDefinitions, containerId, must, NodeWorld } from '../cluster/node-world.ts'

const [yes, no] = [need('true'), need('false')]
const only = (exe: string, mode = 'enforce') => ({
  mode,
  select: { pods: { matchLabels: { app: 'cart' } } },
  processes: [{ exe }],
})

const program = join(import.meta.dirname, '../../cli/src/main.ts')

let cluster: Cluster
let world: NodeWorld
let s: Sandbox
let keep: string
const agents: ClusterAgent[] = []
const commands: ChildProcess[] = []

beforeAll(async () => {
  cluster = await startCluster()
  world = new NodeWorld(cluster.ask, 'node-1')
  s = new Sandbox()
  keep = mkdtempSync(join(tmpdir(), 'underpin-keep-'))
  await must(cluster.ask, 'POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
  await must(cluster.ask, 'POST', '/api/v1/nodes', { metadata: { name: 'node-1' } })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const agent of agents.splice(0)) agent.stop()
  for (const child of commands.splice(0)) await ended(child, 'SIGKILL')
})
afterAll(async () => {
  for (const agent of agents.splice(0)) agent.stop()
  s?.close()
  if (keep) rmSync(keep, { recursive: true, force: true })
  await cluster?.stop()
})

async function start(more: Partial<ClusterAgentOptions> = {}): Promise<ClusterAgent> {
  const { cgroup, objects, pins, state } = s.options()
  const write = (line: string) => void s.log.push(JSON.parse(line) as Record<string, unknown>)
  const agent = await enforceCluster({
    ...{ objects, pins, state, ...(cgroup !== undefined && { cgroup }) },
    cluster: await openCluster({ kubeconfig: cluster.kubeconfig, timeoutMs: 5000 }),
    node: 'node-1',
    keep,
    version: 'test',
    log: createLog({ level: 'debug', write }),
    writeEveryMs: 300,
    watchTimes: { backOffMs: 100, longestBackOffMs: 500 },
    ...more,
  })
  agents.push(agent)
  return agent
}

const folderOf = (uid: string, id: string) => `kubepods/burstable/pod${uid}/${id}`
/** Exit status; null when it was killed before its first instruction. */
const run = async (uid: string, id: string, program: string) =>
  (await s.run(folderOf(uid, id), [program])).code

/** What runs in a container is started by its runtime; a test's shell stands for both, so it is allowed as well. */
const withShell = (spec: ReturnType<typeof only>) => ({
  ...spec,
  processes: [...spec.processes, { exe: need('sh') }],
})

it('begins before its custom resources are there, and enforces as soon as they are', async () => {
  const agent = await start()
  expect(agent.state()).toMatchObject({ loaded: [], problems: [] })
  await applyDefinitions(cluster.ask)
  await world.policy('cart', withShell(only(yes)))
  await until('the policy is in force', () => agent.state().loaded.length === 1, 60_000)
})

it('knows a pod before its cgroup is made, and tells the cluster of it', async () => {
  const agent = await start()
  const id = containerId()
  const uid = await world.pod('cart-0', {
    labels: { app: 'cart' },
    containers: [{ name: 'api', id }],
  })
  await until('its row is there', () => agent.state().pods[uid.replaceAll('-', '')])
  expect(await run(uid, id, yes)).toBe(0)
  expect(await run(uid, id, no)).not.toBe(1)
  const { metadata, status } = await world.stateWhere('the denial', (state) =>
    Boolean(state.status?.ledger.length),
  )
  expect(metadata).toMatchObject({ ownerReferences: [{ kind: 'Node', name: 'node-1' }] })
  const pod = { namespace: 'shop', name: 'cart-0', uid }
  expect(status?.policies).toMatchObject([
    { policy: 'RuntimePolicy/shop/cart', state: 'inForce', mode: 'enforce', generation: 1 },
  ])
  expect(status?.containers).toMatchObject([
    { pod, container: 'api', id, kind: 'pod', enforced: true, audited: false },
  ])
  expect(status?.ledger).toMatchObject([
    { policy: 'RuntimePolicy/shop/cart', decision: 'exec', verdict: 'denied', exe: no, pod },
  ])
})

it('knows a static pod by the hash of its configuration, and a bare container by its cgroup', async () => {
  await start()
  const hash = containerId().slice(0, 32)
  const [id, bare] = [containerId(), containerId()]
  const annotations = { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.mirror': hash }
  await must(cluster.ask, 'POST', '/api/v1/namespaces/shop/pods', {
    metadata: {
      name: 'static-node-1',
      labels: { app: 'cart' },
      annotations,
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Node',
          name: 'node-1',
          controller: true,
          uid: (await must(cluster.ask, 'GET', '/api/v1/nodes/node-1')).metadata.uid,
        },
      ],
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.test/app:1' }] },
  })
  await until('its row is there', () => agents[0]?.state().pods[hash])
  expect(await run(hash, id, no)).not.toBe(1)
  s.folder(bare)
  const { status } = await world.stateWhere('both', ({ status: one }) =>
    ['static', 'bare'].every((kind) => one?.containers.some((each) => each.kind === kind)),
  )
  expect(status?.containers).toContainEqual(
    expect.objectContaining({ kind: 'static', enforced: true, id }),
  )
  expect(status?.containers).toContainEqual(
    expect.objectContaining({
      kind: 'bare',
      enforced: false,
      audited: true,
      id: bare,
      policies: ['Pending'],
    }),
  )
})

it('tells the cluster also of what no policy is known for yet', async () => {
  await start()
  const uid = randomUUID() // of a pod that the API server does not know
  expect(await run(uid, containerId(), yes)).toBe(0)
  const { status } = await world.stateWhere('it is told', (state) =>
    Boolean(state.status?.ledger.some(({ exe }) => exe === yes)),
  )
  expect(status?.ledger).toContainEqual(
    expect.objectContaining({ policy: null, verdict: 'wouldDeny', exe: yes }),
  )
})

it('tells of what a policy let through in audit until it enforces', async () => {
  await start()
  const id = containerId()
  const audited = { select: { pods: { matchLabels: { app: 'late' } } } }
  await world.policy('late', { ...withShell(only(yes, 'audit')), ...audited })
  const uid = await world.pod('late-0', { labels: { app: 'late' } })
  await until('its row is there', () => agents[0]?.state().pods[uid.replaceAll('-', '')])
  expect(await run(uid, id, no)).toBe(1)
  const ofLate = ({ status }: NodeState) =>
    status?.ledger.flatMap(({ policy, verdict, exe }) =>
      policy === 'RuntimePolicy/shop/late' ? [`${verdict} ${exe}`] : [],
    )
  await world.stateWhere('it is told', (state) => ofLate(state)?.[0] === `wouldDeny ${no}`)
  await world.change('late', { ...withShell(only(yes)), ...audited })
  await world.stateWhere('it is told no more', (state) => ofLate(state)?.length === 0)
  expect(await run(uid, id, no)).not.toBe(1)
  await world.stateWhere('it is denied', (state) => ofLate(state)?.[0] === `denied ${no}`)
  await world.removePolicy('late')
})

it('refuses a policy alone, with its reason, and keeps its version before', async () => {
  const agent = await start()
  const id = containerId()
  const uid = await world.pod('cart-1', { labels: { app: 'cart' } })
  // What this build does not carry out is beyond what the API server checks.
  await world.change('cart', {
    ...withShell(only(no)),
    select: { pods: { matchLabels: { app: 'cart' } }, containers: ['api'] },
  })
  const other = await world.policy('other', {
    ...only(no, 'audit'),
    select: { pods: { matchLabels: { app: 'x' } } },
  })
  const { status } = await world.stateWhere('the failure', (state) =>
    Boolean(
      state.status?.policies.some((one) => one.state === 'failed') &&
      state.status.inForce?.count === 1,
    ),
  )
  expect(status?.policies).toMatchObject([
    {
      policy: 'RuntimePolicy/shop/cart',
      state: 'failed',
      generation: 2,
      inForce: 1,
      mode: 'enforce',
    },
  ])
  // What selects nothing here is told by its mark only.
  const mark = markOf(other.metadata.uid, other.metadata.generation)
  expect([...readMarks(status?.inForce?.marks ?? '')]).toEqual([mark])
  expect(status?.policies[0]?.reason).toContain('spec.select.containers')
  expect(agent.state().problems.join()).toContain('RuntimePolicy/shop/cart')
  expect(await run(uid, id, yes)).toBe(0)
  expect(await run(uid, id, no)).not.toBe(1)
  await world.removePolicy('other')
  await world.change('cart', withShell(only(yes)))
  await world.stateWhere('that it is mended', (state) =>
    Boolean(
      state.status?.inForce?.count === 1 &&
      state.status.policies.every((one) => one.state === 'inForce'),
    ),
  )
  expect(agent.state().problems).toEqual([])
})

it('changes nothing while the API server is away, and begins without it after a reboot', async () => {
  const agent = await start()
  const id = containerId()
  const uid = await world.pod('cart-2', { labels: { app: 'cart' } })
  await until('its row is there', () => agent.state().pods[uid.replaceAll('-', '')])
  await cluster.server.stop('SIGKILL')
  try {
    await sleep(500) // what had come already
    const { generation } = agent.state()
    await sleep(3000)
    expect(agent.state()).toMatchObject({ generation, problems: [] })
    expect(await run(uid, id, yes)).toBe(0)
    expect(await run(uid, id, no)).not.toBe(1)
    // A reboot: no agent, no maps, and no API server yet.
    agent.stop()
    agents.splice(0)
    disarm(s.pins)
    expect(await run(uid, containerId(), no)).toBe(1)
    const next = await start({ patienceMs: 200 })
    expect(next.live()).toMatchObject({ policies: false, pods: false })
    const fresh = containerId()
    expect(await run(uid, fresh, yes)).toBe(0)
    expect(await run(uid, fresh, no)).not.toBe(1)
  } finally {
    await cluster.server.start()
  }
  const [next] = agents
  await until('the cluster is heard again', () => next?.live()['policies'], 60_000)
  await world.remove('cart-2')
  await until('the pod is gone', () => !next?.state().pods[uid.replaceAll('-', '')], 30_000)
  await world.removePolicy('cart')
  await until('the policy is gone', () => next?.state().loaded.length === 0, 30_000)
})

it('is put in force at boot from what was known last, before there is an agent', async () => {
  const { cgroup, objects, pins, state } = s.options()
  const atBoot = (folder: string) =>
    enforceAtBoot({
      ...{ objects, pins, state, node: 'node-1', keep: folder, ...(cgroup && { cgroup }) },
      log: createLog({ level: 'silent' }),
    })
  disarm(pins)
  expect(await atBoot(join(keep, 'nothing'))).toBeNull()
  expect(existsSync(pins)).toBe(false)

  await world.policy('boot', withShell(only(yes)))
  const uid = await world.pod('cart-9', { labels: { app: 'cart' } })
  const agent = await start()
  await until('its row is there', () => agent.state().pods[uid.replaceAll('-', '')])
  const key = 'RuntimePolicy/shop/boot'
  await until('its policy is there', () => agent.state().loaded.some((one) => one.key === key))
  agent.stop()
  agents.splice(0)
  disarm(pins)
  await cluster.server.stop('SIGKILL')
  try {
    expect((await atBoot(keep))?.loaded).toContainEqual(expect.objectContaining({ key }))
    const id = containerId()
    expect(await run(uid, id, yes)).toBe(0)
    expect(await run(uid, id, no)).not.toBe(1)
  } finally {
    await cluster.server.start()
  }
  const { generation } = await start().then((next) => next.state())
  expect(generation).toBeGreaterThan(1) // it went on with what was there
  expect(await run(uid, containerId(), no)).not.toBe(1)
  await world.remove('cart-9')
  await world.removePolicy('boot')
})

it('denies what nobody knows, but not while it is replaced: the next agent is in a pod like that', async () => {
  const unknown = async () => run(randomUUID(), containerId(), no)
  const agent = await start({ pending: 'deny', handOver: true })
  expect(await unknown()).not.toBe(1)
  agent.stop()
  agents.splice(0)
  expect(await unknown()).toBe(1)
  await start({ pending: 'deny' })
  expect(await unknown()).not.toBe(1)
})

it('is away from the API server for so long that only a list can tell what happened meanwhile', async () => {
  const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as Kubeconfig
  const [server] = config.clusters
  if (!server) throw new Error('a kubeconfig without a cluster')
  const cable = await cableTo(Number(new URL(server.cluster.server).port))
  const far = { labels: { app: 'far' } }
  const asFar = (exe: string) => ({
    ...withShell(only(exe)),
    select: { pods: { matchLabels: far.labels } },
  })
  server.cluster.server = `https://127.0.0.1:${cable.port}`
  const kubeconfig = join(keep, 'cable.json')
  writeFileSync(kubeconfig, JSON.stringify(config))
  try {
    await world.policy('far', asFar(yes))
    const gone = await world.pod('cart-7', far)
    const uid = await world.pod('cart-6', far)
    const agent = await start({ cluster: await openCluster({ kubeconfig, timeoutMs: 2000 }) })
    const id = containerId()
    const known = (of: string) => of.replaceAll('-', '') in agent.state().pods
    await until('all are there', () => agent.live()['policies'] && known(uid) && known(gone))
    expect(await run(uid, id, no)).not.toBe(1)
    cable.pull()
    await sleep(500) // what had come already
    const { generation } = agent.state()
    // Everything changes, and the API server forgets how.
    await world.change('far', asFar(no))
    await world.remove('cart-7')
    const late = await world.pod('cart-8', far)
    await cluster.server.stop('SIGKILL')
    await cluster.server.start()
    const before = cable.tried()
    await until('it asked in vain', () => cable.tried() > before + 20, 30_000)
    expect(agent.state()).toMatchObject({ generation, problems: [] })
    expect(await run(uid, id, yes)).toBe(0)
    expect(await run(uid, id, no)).not.toBe(1)
    cable.plug()
    await until('it knows', () => known(late) && !known(gone), 60_000)
    await vi.waitFor(async () => expect(await run(uid, id, no)).toBe(1), 30_000)
    expect(await run(uid, id, yes)).not.toBe(0)
    expect(JSON.stringify(s.log)).toContain('status 410')
  } finally {
    cable.close()
    await world.removePolicy('far')
  }
})

it('takes away with the next list what went while it did not look', async () => {
  const first = await start()
  const id = containerId()
  const uid = await world.pod('cart-3', { labels: { app: 'cart' } })
  await world.policy('short', withShell(only(yes)))
  await until('it is known', () => first.state().loaded.length === 1, 30_000)
  first.stop()
  agents.splice(0)
  await world.removePolicy('short')
  const second = await start()
  await until('the list is told', () => second.live()['policies'])
  await until('the policy is gone', () => second.state().loaded.length === 0)
  expect(await run(uid, id, no)).toBe(1)
})

it('reads a token again that expired, in a pod', async () => {
  const folder = join(keep, 'serviceaccount')
  const { token: good, environment } = serviceAccount(cluster, folder)
  for (const [name, value] of Object.entries({ ...environment, KUBECONFIG: '', HOME: folder }))
    vi.stubEnv(name, value)
  const token = (text: string) => writeFileSync(join(folder, 'token'), `${text}\n`)
  token('expired')
  const inside = await openCluster({ serviceAccount: folder, timeoutMs: 5000 })
  expect(inside.name).toContain('service account')
  const agent = await start({ cluster: inside, patienceMs: 100 })
  expect(await inside.get('/api/v1/namespaces')).toMatchObject({ status: 401 })
  expect(agent.live()).toMatchObject({ pods: false })
  token(good)
  await until('it is heard again', () => agent.live()['pods'])
  expect(await inside.get('/api/v1/namespaces')).toMatchObject({ status: 200 })
  token('expired')
  // What is cached is still good; the next refusal makes it read the file.
  expect(await inside.get('/api/v1/namespaces')).toMatchObject({ status: 200 })
})

describe('told to end', () => {
  const daemonSets = '/apis/apps/v1/namespaces/default/daemonsets'
  const selector = { app: 'agent' }
  const daemonSet = {
    metadata: { name: 'agent' },
    spec: {
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: { containers: [{ name: 'agent', image: 'registry.test/agent:1' }] },
      },
    },
  }

  /** As its pod starts it; resolves when it has put a plan in force and seen its DaemonSet. */
  async function command(...more: string[]): Promise<ChildProcess> {
    const { cgroup = '', pins, state } = s.options()
    const child = spawn(
      process.execPath,
      [
        ...[program, 'agent', '--kubeconfig', cluster.kubeconfig, '--node', 'node-1'],
        ...['--keep', keep, '--pins', pins, '--state', state, '--cgroup', cgroup],
        ...['--daemon-set', 'default/agent', ...more],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    commands.push(child)
    let text = ''
    child.stdout.on('data', (data: Buffer) => (text += data.toString()))
    const said = () => text.includes('"state":"there"') && text.includes('"message":"ready"')
    await until('it is ready', () => said() || child.exitCode !== null, 60_000).catch(
      () => undefined,
    )
    expect(said(), text).toBe(true)
    return child
  }

  it('leaves everything in force, also when it is uninstalled and its policies go', async () => {
    await must(cluster.ask, 'POST', daemonSets, daemonSet)
    await world.policy('kept', withShell(only(yes)))
    const id = containerId()
    const uid = await world.pod('cart-4', { labels: { app: 'cart' } })
    const replaced = await command('--disarm-on-uninstall')
    expect(await run(uid, id, no)).not.toBe(1)
    await ended(replaced, 'SIGTERM')
    expect(replaced.exitCode).toBe(0)
    expect(await run(uid, id, no)).not.toBe(1)
    const uninstalled = await command()
    await must(cluster.ask, 'DELETE', `${daemonSets}/agent`)
    await sleep(200)
    await world.removePolicy('kept')
    await sleep(3000)
    expect(await run(uid, id, no)).not.toBe(1)
    await ended(uninstalled, 'SIGTERM')
    expect(await run(uid, id, no)).not.toBe(1)
    disarm(s.pins)
    expect(await run(uid, id, no)).toBe(1)
  })

  it('leaves nothing on the node when that was asked for and its DaemonSet is deleted', async () => {
    await must(cluster.ask, 'POST', daemonSets, daemonSet)
    await world.policy('taken', withShell(only(yes)))
    const id = containerId()
    const uid = await world.pod('cart-5', { labels: { app: 'cart' } })
    const child = await command('--disarm-on-uninstall')
    expect(await run(uid, id, no)).not.toBe(1)
    await must(cluster.ask, 'DELETE', `${daemonSets}/agent`)
    await ended(child, 'SIGTERM')
    expect(child.exitCode).toBe(0)
    expect(await run(uid, id, no)).toBe(1)
    expect(existsSync(s.pins)).toBe(false)
    expect([...readdirSync(keep), ...readdirSync(s.options().state)]).not.toContainEqual(
      expect.stringMatching(/^(state|inputs|events|last-known|lock)/),
    )
    await world.removePolicy('taken')
  })
})

it('serves numbers of the plan, the watches and the kernel', async () => {
  const metrics = createMetrics()
  await start({ metrics })
  await until('it wrote its state', () => /writes_total\{result="ok"\} [1-9]/.test(metrics.text()))
  const text = metrics.text()
  expect(text).toMatch(/underpin_agent_plan_generation [1-9]/)
  expect(text).toMatch(/underpin_agent_watch_live\{kind="pods"\} 1/)
  expect(text).toMatch(/underpin_agent_policies\{state="inForce"\} 0/)
  expect(text).toMatch(/underpin_agent_denials\{verdict="denied"\} \d/)
})
