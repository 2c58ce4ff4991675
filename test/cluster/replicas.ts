// SPDX-License-Identifier: Apache-2.0
// Replicas of the webhook as processes, and what stands before them in a cluster: a Service, which sends each new
// connection to one that says it is ready, and asks them as often as the kubelet would.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseDocuments } from '../../policies/src/index.ts'
import type { Manifest } from '../../webhook/src/specimens.ts'
import type { Ask } from './api.ts'
import type { Cluster } from './cluster.ts'

export const registry = '/apis/admissionregistration.k8s.io/v1'
export const own = 'underpin'
export const secretPath = `/api/v1/namespaces/${own}/secrets/underpin-webhook-certificate`
export const configurationPath = `${registry}/validatingwebhookconfigurations/underpin`
export const policiesPath = '/apis/underpin.dev/v1alpha1/coveragepolicies'

export type Replica = {
  port: number
  pid: number
  lines: string[]
  /** Asks for a path, whatever the certificate: as the kubelet does. */
  get: (path: string) => Promise<{ status: number; text: string }>
  /** Resolves with the exit code. */
  end: (signal?: NodeJS.Signals) => Promise<number | null>
}

const program = join(import.meta.dirname, '../../cli/src/main.ts')
const shortLived = join(import.meta.dirname, 'short-lived-replica.ts')

/** Resolves when it listens; whether it is ready is another matter. */
export function startReplica(
  cluster: Pick<Cluster, 'kubeconfig'>,
  ...more: string[]
): Promise<Replica> {
  const args = [program, 'webhook', '--live', '--kubeconfig', cluster.kubeconfig, '--port', '0']
  const place = more.includes('--secret') ? [] : ['--secret', `${own}/underpin-webhook-certificate`]
  return started([...args, '--drain', '3', ...place, ...more])
}

/** One whose authorities and certificates end after so many seconds. */
export const startShortLived = (
  { kubeconfig }: Pick<Cluster, 'kubeconfig'>,
  authoritySeconds: number,
  leafSeconds: number,
): Promise<Replica> =>
  started([shortLived, kubeconfig, String(authoritySeconds), String(leafSeconds)])

function started(args: readonly string[]): Promise<Replica> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, POD_NAMESPACE: own },
  })
  const lines: string[] = []
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${complaint}`)))
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      const { message, url } = JSON.parse(line) as { message?: string; url?: string }
      if (message !== 'webhook listening' || url === undefined) return
      const port = Number(new URL(url).port)
      const get = (path: string) => asked(port, path)
      resolve({ port, pid: child.pid ?? 0, lines, get, end: (signal) => ended(child, signal) })
    })
  })
}

function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.kill(signal)
  })
}

export function asked(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }
    const call = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    call.on('error', reject)
    call.end()
  })
}

export async function untilReady(...replicas: Pick<Replica, 'get'>[]): Promise<void> {
  for (const { get } of replicas) {
    const until = Date.now() + 60_000
    for (;;) {
      const { status, text } = await get('/readyz')
      if (status === 200) break
      if (Date.now() > until) throw new Error(`not ready after a minute: ${text}`)
      await sleep(50)
    }
  }
}

export type Service = {
  url: string
  add: (port: number) => void
  remove: (port: number) => void
  /** Connections that found nobody ready. */
  readonly refused: number
  close: () => Promise<void>
}

export async function startService(everyMs = 250): Promise<Service> {
  const ready = new Map<number, boolean>()
  const sockets = new Set<Socket>()
  let [turn, refused] = [0, 0]
  const server = createServer((socket) => {
    const usable = [...ready].filter(([, is]) => is).map(([port]) => port)
    const port = usable[turn++ % Math.max(usable.length, 1)]
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    if (port === undefined) {
      refused++
      socket.destroy()
      return
    }
    const behind = connect(port, '127.0.0.1')
    behind.on('error', () => socket.destroy())
    behind.on('close', () => socket.destroy())
    socket.on('close', () => behind.destroy())
    socket.pipe(behind).pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const look = setInterval(() => {
    for (const one of ready.keys())
      void asked(one, '/readyz')
        .then(({ status }) => status === 200)
        .catch(() => false)
        .then((is) => ready.has(one) && ready.set(one, is))
  }, everyMs)
  return {
    url: `https://localhost:${port}`,
    add: (one) => void ready.set(one, false),
    remove: (one) => void ready.delete(one),
    get refused() {
      return refused
    },
    async close() {
      clearInterval(look)
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** What the chart registers, called at an address instead of a Service. */
export function configurationOf(url: string, failurePolicy: 'Ignore' | 'Fail'): Manifest {
  const entry = (name: string, policy: string, rules: object[]) => ({
    name,
    clientConfig: { url: `${url}/validate` },
    failurePolicy: policy,
    rules,
    namespaceSelector: {
      matchExpressions: [
        {
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: ['kube-system', 'kube-node-lease', own],
        },
      ],
    },
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  })
  const rule = (group: string, resources: string[], operations: string[]) => ({
    ...{ apiGroups: [group], apiVersions: ['*'], resources, operations, scope: '*' },
  })
  const written = ['CREATE', 'UPDATE']
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'underpin' },
    webhooks: [
      entry('coverage.underpin.dev', failurePolicy, [
        rule('', ['pods', 'replicationcontrollers'], written),
        rule('', ['pods/ephemeralcontainers'], ['UPDATE']),
        rule('apps', ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], written),
        rule('batch', ['jobs', 'cronjobs'], written),
      ]),
      entry('connections.underpin.dev', 'Ignore', [
        rule('', ['pods/exec', 'pods/attach', 'pods/portforward'], ['CONNECT']),
      ]),
      entry('namespaces.underpin.dev', 'Ignore', [rule('', ['namespaces'], ['UPDATE'])]),
    ],
  }
}

const crd = join(import.meta.dirname, '../../charts/underpin/crds/coveragepolicies.gen.yaml')

/** The definition of CoveragePolicies, and the namespace that the webhook is in. */
export async function installed(ask: Ask): Promise<void> {
  const [document] = parseDocuments(readFileSync(crd, 'utf8'))
  await made(ask, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', document?.value)
  await made(ask, '/api/v1/namespaces', { metadata: { name: own } })
  while ((await ask('GET', policiesPath)).status !== 200) await sleep(50)
}

export async function made(ask: Ask, path: string, body: unknown): Promise<void> {
  const reply = await ask('POST', path, body)
  if (reply.status !== 201)
    throw new Error(`POST ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
}

/** Everything that our entries trust, as PEM; all of them trust the same. */
export async function trusted(ask: Ask): Promise<string[]> {
  const { body } = await ask('GET', configurationPath)
  const { webhooks = [] } = body as { webhooks?: { clientConfig: { caBundle?: string } }[] }
  const bundles = new Set(webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? ''))
  if (bundles.size > 1) throw new Error('entries trust different authorities')
  const text = Buffer.from([...bundles][0] ?? '', 'base64').toString()
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}
