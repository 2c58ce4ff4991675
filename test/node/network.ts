// SPDX-License-Identifier: Apache-2.0
// A network of a test's own, with the machine's programs in it: a namespace with a tap interface, at whose other end is the
// node. Nothing of the machine's own network changes, and all that was started in it ends with the test, however that ends.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/** As the node sees them. */
export const host = '10.0.2.2'
export const nodeAddress = '10.0.2.15'
export const podRange = '10.244.0.0/24'
/** Of the Service `kubernetes`; it leads here without a proxy. */
const kubernetes = '10.96.0.1'

/** A machine that has little time for us needs that many times as long for everything. */
export const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)
/** A limit ends what hangs; what others do on this machine meanwhile must not. */
export const patience = 4 * slower

export interface Answer {
  status: number
  output: string
  error: string
}

export class Network {
  private readonly holder: ChildProcess
  private readonly started = new Set<ChildProcess>()

  constructor() {
    this.holder = spawn(
      'unshare',
      ['--net', 'setpriv', '--pdeathsig', 'KILL', 'sleep', 'infinity'],
      { stdio: 'ignore' },
    )
    const own = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout
    const end = Date.now() + 10_000
    while (this.namespace() === own || this.namespace() === '')
      if (Date.now() > end) throw new Error('no network namespace (needs root)')
    for (const line of [
      'link set lo up',
      `address add ${kubernetes}/32 dev lo`,
      'tuntap add tap0 mode tap',
      `address add ${host}/24 dev tap0`,
      'link set tap0 up',
      `route add ${podRange} via ${nodeAddress}`,
    ]) {
      const { status, stderr } = spawnSync('nsenter', this.enter('ip', ...line.split(' ')), {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`ip ${line}: ${stderr}`)
    }
  }

  private namespace(): string {
    return spawnSync('readlink', [`/proc/${this.holder.pid}/ns/net`], { encoding: 'utf8' }).stdout
  }

  private enter = (...command: string[]): string[] => ['-t', `${this.holder.pid}`, '-n', ...command]

  /** Runs a program to its end. */
  run(command: readonly string[], { input = '', seconds = 120, env = {} } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = spawn('nsenter', this.enter(...command), {
        env: { ...process.env, ...env },
        timeout: seconds * patience * 1000,
      })
      const answer = { output: '', error: '' }
      child.stdout.on('data', (chunk: Buffer) => (answer.output += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (answer.error += chunk.toString()))
      child.stdin.on('error', () => undefined) // it may end without reading
      child.on('error', reject)
      child.on('close', (status) => resolve({ status: status ?? 124, ...answer }))
      child.stdin.end(input)
    })
  }

  /** Starts a program that ends with the test; what it says goes to a file. */
  start(
    command: readonly string[],
    { log, cwd, env = {} }: { log: string; cwd?: string; env?: NodeJS.ProcessEnv },
  ): ChildProcess {
    const file = openSync(log, 'a')
    const args = this.enter('setpriv', '--pdeathsig', 'TERM', ...command)
    const child = spawn('nsenter', args, {
      stdio: ['ignore', file, file],
      env: { ...process.env, ...env },
      ...(cwd !== undefined && { cwd }),
    })
    closeSync(file)
    child.on('error', () => undefined) // seen by whoever waits for it
    this.started.add(child)
    child.once('exit', () => this.started.delete(child))
    return child
  }

  /** Everything that was started, the last one first. */
  async close(): Promise<void> {
    for (const child of [...this.started].reverse()) await end(child)
    await end(this.holder)
  }
}

export async function end(child: ChildProcess, seconds = 20): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
  await gone
  clearTimeout(patience)
}
