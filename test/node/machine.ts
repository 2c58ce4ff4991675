// SPDX-License-Identifier: Apache-2.0
// The node as a machine: a guest with a disk that outlives a boot. It can be switched on, asked to run a command, switched
// off, and have its power cut.
import { spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until, type ControlPlane } from './control-plane.ts'
import { end, nodeAddress, patience, slower, type Answer, type Network } from './network.ts'

/** Where the programs are, as setup.sh prints it. */
export interface Folders {
  guest: string
  runtimes: string
  cluster: string
  node: string
}

export function folders(series: string): Folders {
  const { status, stdout, stderr } = spawnSync(join(import.meta.dirname, 'setup.sh'), [series], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`no node: ${stderr}`)
  const lines = new Map(stdout.split('\n').map((line) => line.split('=') as [string, string]))
  const folder = (name: string) => lines.get(name) ?? ''
  const [guest, runtimes] = [folder('guest'), folder('runtimes')]
  return { guest, runtimes, cluster: folder('cluster'), node: folder('node') }
}

/** The product, as `npm run image` makes it. */
function image(): string {
  const project = join(import.meta.dirname, '..', '..')
  const text = readFileSync(join(project, 'package.json'), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  const file = join(project, '.cache', 'image', `underpin-${version}.tar`)
  if (!existsSync(file)) throw new Error(`no image: ${file} (npm run image)`)
  return file
}

export interface MachineOptions {
  series: string
  /** For example `lsm=lockdown,yama`. */
  kernelArguments?: string
  runtime?: 'runc' | 'runc-new' | 'crun'
  memory?: number
}

export class Machine {
  private readonly network: Network
  private readonly plane: ControlPlane
  private readonly folders: Folders
  private readonly options: MachineOptions
  private readonly disk: string
  readonly log: string
  private guest: ChildProcess | undefined

  constructor(
    network: Network,
    plane: ControlPlane,
    folders: Folders,
    folder: string,
    options: MachineOptions,
  ) {
    this.network = network
    this.plane = plane
    this.folders = folders
    this.options = options
    this.disk = join(folder, 'disk')
    this.log = join(folder, 'guest.log')
  }

  /** Returns when commands can be run in it; `ready` waits for the rest. */
  async boot(): Promise<void> {
    if (!existsSync(this.disk)) {
      const script = join(import.meta.dirname, 'disk.sh')
      const { status, stderr } = spawnSync(script, [this.disk, this.folders.node, image()])
      if (status !== 0) throw new Error(`no disk: ${String(stderr)}`)
    }
    const { guest, runtimes, cluster, node } = this.folders
    const { series, kernelArguments, runtime = 'runc', memory = 2048 } = this.options
    const variables = {
      NODE_FILES: node,
      NODE_RUNTIMES: runtimes,
      NODE_CLUSTER: cluster,
      NODE_KUBECONFIG: this.plane.kubeletConfig,
      NODE_RUNTIME: runtime,
      NODE_SLOWER: `${patience}`,
    }
    const assignments = Object.entries(variables).map(([name, value]) => `${name}='${value}'`)
    this.guest = this.network.start(
      [
        join(import.meta.dirname, '..', 'guest', 'boot.sh'),
        ...['-k', series, '-m', `${memory}`, '-t', `${3600 * slower}`, '-d', guest, '-v'],
        ...(kernelArguments === undefined ? [] : ['-a', kernelArguments]),
        ...['-n', 'tap0', '-b', this.disk],
        `${assignments.join(' ')} test/node/node.sh`,
      ],
      { log: this.log },
    )
    await this.until('the guest answers', async () => (await this.sh('echo here', 10)).output, 120)
  }

  /** kubelet and containerd run, and the API server says so. */
  async ready(): Promise<void> {
    await this.until(
      'the node is ready',
      async () => {
        const { output } = await this.sh('cat /run/node/log', 20)
        if (!output.includes('kubelet is ready')) return false
        const node = await this.plane.kubectl('get', 'node', '-o', 'wide')
        return / Ready /.test(node.output)
      },
      300,
    )
  }

  private until<T>(what: string, ask: () => Promise<T>, seconds: number) {
    return until(
      what,
      () => {
        if (this.guest?.exitCode === null) return ask()
        throw new Error(`the guest ended:\n${readFileSync(this.log, 'utf8').slice(-4000)}`)
      },
      seconds,
    )
  }

  /** Runs a command of the shell in the guest. */
  async sh(command: string, seconds = 120): Promise<Answer> {
    const mark = `status-${Math.random().toString(36).slice(2)}`
    // In a shell of its own, whose input is not the connection.
    const input = `bash -c ${quoted(command)} </dev/null 2>/run/node/stderr.$$; echo "${mark} $?"; cat /run/node/stderr.$$; rm /run/node/stderr.$$; exit\n`
    const busybox = join(this.folders.runtimes, 'busybox')
    const { output } = await this.network.run([busybox, 'nc', nodeAddress, '9999'], {
      input,
      seconds,
    })
    const [before, after] = output.split(`${mark} `)
    const [, status = '', error = ''] = /^(\d+)\n([^]*)$/.exec(after ?? '') ?? []
    if (status === '') throw new Error(`no answer of the guest to: ${command} (${output})`)
    return { status: Number(status), output: before ?? '', error }
  }

  /** As `sh`, and it must succeed. */
  async must(command: string, seconds = 120): Promise<string> {
    const { status, output, error } = await this.sh(command, seconds)
    if (status !== 0)
      throw new Error(`in the guest: ${command}: status ${status}\n${error}${output}`)
    return output
  }

  /** In order; what it said is in the log then. */
  async off(): Promise<void> {
    const { guest } = this
    if (!guest || guest.exitCode !== null) return
    const gone = new Promise((resolve) => guest.once('exit', resolve))
    await this.sh('sync; touch /run/node/off', 20).catch(() => end(guest))
    await Promise.race([gone, sleep(30_000 * slower)])
    await end(guest)
  }

  /** From the next boot on this command runs when containerd does and the kubelet does not. */
  async beforeKubelet(command: string): Promise<void> {
    const file = '/var/lib/node/before-kubelet'
    const lines = Buffer.from(`#!/bin/sh\n${command}\n`).toString('base64')
    await this.must(`echo ${lines} | base64 -d >${file} && chmod 755 ${file}`)
  }

  /** Without a word to anybody. */
  async cutPower(): Promise<void> {
    await this.must('sync') // the disk's own cache is not what is tried
    if (this.guest) await end(this.guest)
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
