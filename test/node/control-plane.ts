// SPDX-License-Identifier: Apache-2.0
// The cluster that the node joins: etcd, API server and controller-manager as plain programs in the test's network, and
// a scheduler for one node. It goes on while the node is off.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { host, patience, type Answer, type Network } from './network.ts'

export const nodeName = 'node-1'

export class ControlPlane {
  private readonly network: Network
  private readonly bin: string
  private readonly folder: string
  /** Of somebody with all rights, within the test's network. */
  readonly kubeconfig: string
  readonly kubeletConfig: string

  constructor(network: Network, bin: string, folder: string) {
    this.network = network
    this.bin = bin
    this.folder = folder
    this.kubeconfig = join(folder, 'admin.conf')
    this.kubeletConfig = join(folder, 'kubelet.conf')
  }

  async start(): Promise<void> {
    const { folder } = this
    const etcd = 'http://127.0.0.1:2379'
    this.program('etcd', [
      ...['--data-dir', join(folder, 'etcd'), '--listen-client-urls', etcd],
      ...['--advertise-client-urls', etcd, '--listen-peer-urls', 'http://127.0.0.1:2380'],
    ])
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = join(folder, 'service-accounts.pem')
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const users = {
      admin: 'admin,admin,system:masters',
      kubelet: `system:node:${nodeName},node,system:nodes`,
      manager: 'system:kube-controller-manager,manager',
    }
    const tokens = new Map(
      Object.keys(users).map((user) => [user, randomBytes(16).toString('hex')]),
    )
    const lines = Object.entries(users).map(([user, rest]) => `${tokens.get(user)},${rest}`)
    writeFileSync(join(folder, 'tokens'), `${lines.join('\n')}\n`)
    this.program('kube-apiserver', [
      `--etcd-servers=${etcd}`,
      // The port of the Service `kubernetes`, so that its address leads here as it is.
      ...['--secure-port=443', '--bind-address=0.0.0.0', `--advertise-address=${host}`],
      `--cert-dir=${join(folder, 'certificates')}`,
      `--token-auth-file=${join(folder, 'tokens')}`,
      ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
      '--service-account-issuer=https://kubernetes.default.svc',
      ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction'],
      ...['--service-cluster-ip-range=10.96.0.0/16', '--allow-privileged=true'],
      '--kubelet-preferred-address-types=InternalIP',
      // Webhooks are called at their pods' addresses: no proxy translates those of Services here.
      ...['--enable-aggregator-routing=true', '--profiling=false'],
    ])
    const certificate = join(folder, 'certificates', 'apiserver.crt')
    await until('the certificate of the API server', () => existsSync(certificate), 60)
    const config = (file: string, user: string) =>
      writeFileSync(file, this.configOf(tokens.get(user) ?? ''))
    config(this.kubeconfig, 'admin')
    config(this.kubeletConfig, 'kubelet')
    config(join(folder, 'manager.conf'), 'manager')
    await until(
      'the API server',
      async () => (await this.kubectl('get', '--raw', '/readyz')).status === 0,
      90,
    )
    this.program('kube-controller-manager', [
      `--kubeconfig=${join(folder, 'manager.conf')}`,
      `--service-account-private-key-file=${key}`,
      `--root-ca-file=${certificate}`,
      ...['--use-service-account-credentials=true', '--leader-elect=false', '--secure-port=0'],
    ])
    const scheduler = join(import.meta.dirname, 'scheduler.ts')
    this.network.start([process.execPath, scheduler, this.kubeconfig, nodeName], {
      log: join(folder, 'scheduler.log'),
      cwd: folder,
    })
  }

  /** A kubeconfig of whoever has this token. */
  configOf(token: string): string {
    return kubeconfig(readFileSync(join(this.folder, 'certificates', 'apiserver.crt')), token)
  }

  private program(name: string, args: string[]): void {
    const log = join(this.folder, `${name}.log`)
    this.network.start([join(this.bin, name), ...args], { log, cwd: this.folder })
  }

  kubectl(...args: string[]): Promise<Answer> {
    return this.network.run([join(this.bin, 'kubectl'), ...args], { env: this.env })
  }

  get env(): NodeJS.ProcessEnv {
    return { KUBECONFIG: this.kubeconfig }
  }

  /** Answers what admission warns of. */
  async apply(...objects: object[]): Promise<string> {
    const items = { apiVersion: 'v1', kind: 'List', items: objects }
    const { status, error } = await this.network.run(
      [join(this.bin, 'kubectl'), 'apply', '-f', '-'],
      { input: JSON.stringify(items), env: this.env },
    )
    if (status !== 0) throw new Error(`kubectl apply: ${error}`)
    return error.trim()
  }

  async get<T>(...args: string[]): Promise<T> {
    const { status, output, error } = await this.kubectl('get', ...args, '-o', 'json')
    if (status !== 0) throw new Error(`kubectl get ${args.join(' ')}: ${error}`)
    return JSON.parse(output) as T
  }
}

const kubeconfig = (authority: Buffer, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    users: [{ name: 'test', user: { token } }],
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://${host}:443`,
          'certificate-authority-data': authority.toString('base64'),
        },
      },
    ],
  })

/** Asks until the answer is neither false nor nothing; an error counts as a no, and the last one is told. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  seconds = 60,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + seconds * patience * 1000
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer) return answer as NonNullable<Exclude<T, false>>
      last = answer
    } catch (error) {
      last = error
    }
    if (Date.now() > end)
      throw new Error(`not within ${seconds * patience} s: ${what} (${String(last)})`)
    await sleep(250)
  }
}
