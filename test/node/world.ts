// SPDX-License-Identifier: Apache-2.0
// Everything that a test of a whole node needs, together: network, control plane, the node, and the miners' pool. What is
// told while it runs is how long each step took.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlPlane, until } from './control-plane.ts'
import { Machine, folders, type Folders, type MachineOptions } from './machine.ts'
import { host, Network } from './network.ts'
import { poolPort, type Worker } from './subjects.ts'

const keep = process.env['UNDERPIN_KEEP'] !== undefined
const project = join(import.meta.dirname, '..', '..')

export class World {
  readonly network = new Network()
  readonly folder = mkdtempSync(join(tmpdir(), 'underpin-node-'))
  readonly folders: Folders
  readonly plane: ControlPlane
  readonly machine: Machine
  private readonly began = performance.now()
  private readonly poolLog = join(this.folder, 'pool.log')

  constructor(options: MachineOptions) {
    this.folders = folders(options.series)
    if (!keep) this.guard()
    this.plane = new ControlPlane(this.network, this.folders.cluster, this.folder)
    this.machine = new Machine(this.network, this.plane, this.folders, this.folder, options)
  }

  async start(): Promise<void> {
    await this.plane.start()
    this.told('the API server is ready')
    await this.machine.boot()
    this.told('the guest is up')
    this.pool()
    await this.machine.ready()
    this.told('the node is ready')
    await until(
      'the service account',
      async () => (await this.plane.kubectl('get', 'serviceaccount', 'default')).status === 0,
    )
  }

  /** Removes the folder also when this process is gone before it could: the pipe closes in any case. */
  private guard(): void {
    const script = join(project, 'test', 'cluster', 'guard.sh')
    const stdio = ['pipe', 'ignore', 'ignore'] as const
    spawn(script, [this.folder], { detached: true, stdio: [...stdio] }).unref()
  }

  private pool(): void {
    const { execPath } = process
    const pool = this.network.start(
      [execPath, join(project, 'examples', 'pool.ts'), `${poolPort}`, '0.00001', host],
      { log: this.poolLog },
    )
    // It ends by itself after ten minutes.
    pool.once('exit', (status) => {
      if (status === 0 && !this.closed) this.pool()
    })
  }

  private closed = false

  told(what: string): void {
    console.log(`${((performance.now() - this.began) / 1000).toFixed(1).padStart(7)} s  ${what}`)
  }

  /** How often the pool has heard from this miner: it logs in, and answers every job with a share that is none. */
  heard(worker: Worker): number {
    const lines = readFileSync(this.poolLog, 'utf8').trim().split('\n')
    return lines.filter(
      (line) =>
        line.includes(`"worker":"${worker}"`) && /"event":"(authorized|refused)"/.test(line),
    ).length
  }

  /** With containerd's own client. */
  ctr = (command: string): string =>
    `export PATH=${this.folders.node}/bin:$PATH LD_LIBRARY_PATH=${this.folders.runtimes}/lib; ${command}`

  /** Asks the covered pod, as whoever is next to the node. */
  async served(): Promise<boolean> {
    const { output: address } = await this.plane.kubectl(
      ...['get', 'pod', '-n', 'shop', 'checkout', '-o', 'jsonpath={.status.podIP}'],
    )
    const url = `http://${address}:8080/passwd`
    const ask = `fetch('${url}', { signal: AbortSignal.timeout(20_000) }).then(async (one) => console.log(await one.text()))`
    const { output } = await this.network.run([process.execPath, '-e', ask])
    return output.startsWith('root:')
  }

  async close(): Promise<void> {
    this.closed = true
    await this.machine.off()
    await this.network.close()
    if (keep) console.log(`kept: ${this.folder}`)
    else rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
