// SPDX-License-Identifier: Apache-2.0
// A real etcd and kube-apiserver for one test file: on free ports of the loopback, everything in a folder of their own,
// gone when the test ends, however it ends.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { apiClient, type Ask } from './api.ts'

export type Cluster = {
  ask: Ask
  /** Kubeconfigs: of somebody with all rights, and of somebody with none. */
  kubeconfig: string
  powerless: string
  folder: string
  /** Where etcd answers, over plain HTTP. */
  etcd: string
  /** The API server alone; it comes back on the same port with everything it had. */
  server: { stop: (signal?: NodeJS.Signals) => Promise<void>; start: () => Promise<void> }
  stop: () => Promise<void>
}

/** Where the binaries are; set-up says on standard error what it does, and why it cannot. */
function binaries(): string {
  const script = join(import.meta.dirname, 'setup.sh')
  return execFileSync(script, { stdio: ['ignore', 'pipe', 'inherit'] })
    .toString()
    .trim()
}

export async function startCluster(flags: readonly string[] = []): Promise<Cluster> {
  const bin = binaries()
  const folder = mkdtempSync(join(tmpdir(), 'underpin-cluster-'))
  const running: { etcd?: ChildProcess; server?: ChildProcess } = {}
  // Ends them when this process is gone before it could, even killed: the pipe closes in any case.
  const script = join(import.meta.dirname, 'guard.sh')
  const guard = spawn(script, [folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  guard.stdin.on('error', () => undefined)
  const guarded = (child: ChildProcess) => guard.stdin.write(`${child.pid}\n`)
  const stop = async () => {
    // The API server needs etcd to end: it goes first.
    await end(running.server)
    await end(running.etcd)
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    guard.stdin.end()
  }
  try {
    const [port, client, peer] = await freePorts()
    const etcd = `http://127.0.0.1:${client}`
    running.etcd = start(folder, join(bin, 'etcd'), [
      ...['--data-dir', join(folder, 'etcd')],
      ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
    ])
    guarded(running.etcd)
    const [token, other] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
    const users = [`${token},admin,admin,system:masters`, `${other},guest,guest`]
    writeFileSync(join(folder, 'tokens'), `${users.join('\n')}\n`)
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = join(folder, 'service-accounts.pem')
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const args = [
      `--etcd-servers=${etcd}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${join(folder, 'certificates')}`,
      `--token-auth-file=${join(folder, 'tokens')}`,
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--allow-privileged=true',
      // Pods need no token then, and none is waited for.
      '--disable-admission-plugins=ServiceAccount',
      '--profiling=false',
      ...flags,
    ]
    const startServer = () => {
      running.server = start(folder, join(bin, 'kube-apiserver'), args)
      guarded(running.server)
      return ready(running.server, folder, port, token)
    }
    const ask = await startServer()
    const kubeconfig = writeKubeconfig(join(folder, 'kubeconfig'), port, token)
    const powerless = writeKubeconfig(join(folder, 'kubeconfig-guest'), port, other)
    const server: Cluster['server'] = {
      stop: (signal) => end(running.server, signal),
      start: async () => void (await startServer()),
    }
    return { ask, kubeconfig, powerless, folder, etcd, server, stop }
  } catch (error) {
    const log = tail(join(folder, 'kube-apiserver.log'))
    await stop()
    throw new Error(`start a cluster: ${String(error)}\n${log}`, { cause: error })
  }
}

async function ready(
  server: ChildProcess,
  folder: string,
  port: number,
  token: string,
): Promise<Ask> {
  const certificate = join(folder, 'certificates', 'apiserver.crt')
  const until = Date.now() + 90_000
  let said: unknown = 'nothing'
  while (Date.now() < until) {
    if (server.exitCode !== null) throw new Error(`kube-apiserver ended with ${server.exitCode}`)
    try {
      const ask = apiClient(port, readFileSync(certificate, 'utf8'), token)
      const { status } = await ask('GET', '/readyz')
      if (status === 200) return ask
      said = status
    } catch (error) {
      said = error
    }
    await sleep(100)
  }
  throw new Error(`kube-apiserver is not ready after 90 s, its last answer: ${String(said)}`)
}

function start(folder: string, program: string, args: string[]): ChildProcess {
  const log = openSync(join(folder, `${program.split('/').at(-1)}.log`), 'w')
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', log, log] })
  closeSync(log)
  // Without a listener a program that cannot be started would end the test's process.
  child.on('error', () => undefined)
  return child
}

async function end(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await gone
  clearTimeout(patience)
}

/** All are held at once, so that they differ, and let go just before they are used. */
async function freePorts(): Promise<[number, number, number]> {
  const held = await Promise.all(
    [0, 1, 2].map(
      () =>
        new Promise<{ port: number; release: () => Promise<void> }>((resolve, reject) => {
          const server = createServer().on('error', reject)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            const port = typeof address === 'object' && address !== null ? address.port : 0
            resolve({ port, release: () => new Promise((done) => server.close(() => done())) })
          })
        }),
    ),
  )
  await Promise.all(held.map(({ release }) => release()))
  const [a, b, c] = held.map(({ port }) => port)
  return [a ?? 0, b ?? 0, c ?? 0]
}

function writeKubeconfig(path: string, port: number, token: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    users: [{ name: 'admin', user: { token } }],
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://127.0.0.1:${port}`,
          'certificate-authority': join(path, '..', 'certificates', 'apiserver.crt'),
        },
      },
    ],
  }
  writeFileSync(path, JSON.stringify(config, null, 2))
  return path
}

/** What a kubeconfig of these clusters says, of what tests ask. */
export type Kubeconfig = {
  clusters: { cluster: { server: string } }[]
  users: { user: { token: string } }[]
}

/** A pod's service account in the folder `account`, with all rights; and what else a pod has, in its environment. */
export function serviceAccount({ kubeconfig, folder }: Cluster, account: string) {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
  const token = users[0]?.user.token ?? ''
  mkdirSync(account, { recursive: true })
  copyFileSync(join(folder, 'certificates', 'apiserver.crt'), join(account, 'ca.crt'))
  writeFileSync(join(account, 'token'), `${token}\n`)
  const { hostname, port } = new URL(clusters[0]?.cluster.server ?? '')
  return {
    token,
    environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  }
}

function tail(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(-20).join('\n')
  } catch {
    return ''
  }
}
