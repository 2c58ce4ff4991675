// SPDX-License-Identifier: Apache-2.0
// A place of its own for a test with real processes: cgroups below one folder, pins, state, policies and files; an agent
// in this process or in one of its own; and everything removed again, whatever happened.
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import * as fs from 'node:fs'
import { release } from 'node:os'
import { join, relative } from 'node:path'
import {
  closeTables,
  Describer,
  disarm,
  enforce,
  openTables,
  readCounters,
  readRecords,
  readState,
  type Agent,
  type EnforceOptions,
  type LedgerRecord,
  type State,
  type Tables,
} from '../../enforcer/src/index.ts'
import * as abi from '../../enforcer/src/kernel/abi.gen.ts'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import { createLog } from '../../runtime/src/index.ts'
import { leavePlace, removePlace, takePlace, writeDocuments, type Place } from './place.ts'

const bpffs = '/sys/fs/bpf'
const endings = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
export const objects =
  process.env.UNDERPIN_OBJECTS ?? new URL('../../bpf/.output', import.meta.url).pathname
const agentFile = new URL('agent.ts', import.meta.url).pathname
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** How many times slower this machine is than one that is not emulated. */
const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)

/** Until `condition` answers something; fails with `what` after `ms`. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | null | false,
  ms = 15_000,
): Promise<T> {
  const patience = ms * slower
  const end = Date.now() + patience
  for (;;) {
    const found = condition()
    if (found) return found
    if (Date.now() > end) throw new Error(`waited ${patience} ms in vain until ${what}`)
    await sleep(10)
  }
}

/** For `test.runIf`: a feature is left out only on kernels older than it, never because it fails. */
export function kernelAtLeast(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [ours = 0, ourMinor = 0] = release().split('.').map(Number)
  return ours > major || (ours === major && ourMinor >= minor)
}

/** A program of the machine that a test cannot do without; its real path. */
export function need(program: string): string {
  for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/sbin'])
    if (fs.existsSync(join(folder, program))) return fs.realpathSync(join(folder, program))
  throw new Error(`this test needs the program "${program}"`)
}

export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}
export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  input?: string
  /** Milliseconds until it is killed. */
  timeout?: number
}
export interface StartOptions {
  pods?: object[]
  /** As a process of its own. */
  child?: boolean
  objects?: string
  resolvers?: string[]
  times?: EnforceOptions['times']
}

/** Policy documents as YAML; JSON is YAML. */
export const documents = (...objects: object[]): string =>
  objects.map((object) => JSON.stringify(object, null, 1)).join('\n---\n')

export interface ClusterSpec {
  mode?: 'audit' | 'enforce'
  scope?: 'unmanaged' | 'host' | 'pod'
  processes?: object[]
  deny?: object[]
  code?: 'image' | 'any'
  anonymousCode?: 'allow' | 'deny'
}

export class Sandbox {
  private readonly place: Place
  readonly name: string
  readonly mount: string
  readonly cgroup: string
  readonly pins: string
  readonly files: string
  readonly state: string
  readonly policies: string
  readonly pods: string
  readonly log: Record<string, unknown>[]
  agent: Agent | undefined
  child: ChildProcess | undefined
  private opened: Tables | undefined
  private describer: Describer | undefined
  private readonly started = new Set<ChildProcess>()
  /** The agent, if it was started without wishes of its own. */
  private plain: Agent | undefined
  private closed = false
  private readonly onExit = () => this.close()
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.close()
    process.kill(process.pid, signal)
  }

  /** `alone`: for a test that starts agents itself. */
  constructor({ alone = false } = {}) {
    mountBpffs()
    this.place = takePlace(alone)
    ;({
      name: this.name,
      mount: this.mount,
      cgroup: this.cgroup,
      pins: this.pins,
      files: this.files,
      state: this.state,
      policies: this.policies,
      pods: this.pods,
      log: this.log,
    } = this.place)
    process.once('exit', this.onExit)
    for (const signal of endings) process.once(signal, this.onSignal)
  }

  // --- policies and agent ---

  /** Cgroup path as patterns see it, from the root of the hierarchy. */
  path(cgroup: string): string {
    return join('/', relative(this.mount, this.cgroup), cgroup)
  }

  /** A policy on everything in the cgroup `name` (or a pattern) below the sandbox's. */
  policy(name: string, cgroup: string, spec: ClusterSpec): object {
    const { scope = 'unmanaged', mode = 'enforce', ...rest } = spec
    return {
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'ClusterRuntimePolicy',
      metadata: { name },
      spec: { scope, mode, select: { cgroups: [this.path(cgroup)] }, ...rest },
    }
  }

  options({ objects: from = objects, ...more }: StartOptions = {}): Omit<EnforceOptions, 'log'> {
    const { policies, pods, cgroup, pins, state } = this
    const { resolvers, times } = more
    return {
      policies: [policies],
      pods: [pods],
      cgroup,
      objects: from,
      pins,
      state,
      ...(resolvers && { resolvers }),
      ...(times && { times }),
    }
  }

  /** Starts the agent; resolves when the first plan is in force. */
  async start(policies: string, options: StartOptions = {}): Promise<void> {
    const { pods = [], child = false, ...wishes } = options
    const plain = Object.keys(wishes).length === 0
    if (await this.adopt(plain, child)) return this.setPolicies(policies, pods)
    this.write(this.policies, policies)
    this.write(this.pods, documents(...pods))
    if (child) return this.startChild(options)
    const write = (line: string) => void this.log.push(JSON.parse(line) as Record<string, unknown>)
    this.agent = await enforce({
      ...this.options(options),
      log: createLog({ level: 'debug', write }),
    })
    if (plain) this.plain = this.agent
  }

  /** Takes over the agent that the test file before has left, or ends it; one of its own process takes over from it. */
  private async adopt(plain: boolean, child: boolean): Promise<boolean> {
    const { agent } = this.place
    delete this.place.agent
    if (!agent) return false
    if (plain && child) {
      agent.stop()
      return false
    }
    if (!plain) {
      agent.stop()
      disarm(this.pins)
      fs.rmSync(this.state, { recursive: true, force: true })
      return false
    }
    this.agent = this.plain = agent
    await until(
      'the policies of the file before are gone',
      () => this.current().loaded.length === 0,
    )
    return true
  }

  /** The same with the files as they are. */
  async startChild(options: StartOptions = {}): Promise<void> {
    const child = spawn(process.execPath, [agentFile, JSON.stringify(this.options(options))], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.started.add(child)
    this.child = child
    let stderr = ''
    let rest = ''
    const first = this.log.length
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    child.stdout.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.log.push(JSON.parse(line) as Record<string, unknown>)
    })
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const said = (message: string) => this.log.slice(first).find((line) => line.message === message)
    await Promise.race([until('the agent is ready', () => said('ready'), 120_000), ended])
    if (said('ready')) return
    const failed = said('failed')?.reason
    throw new Error(typeof failed === 'string' ? failed : `the agent ended: ${stderr}`)
  }

  /** Ends the agent process by a signal and waits for it. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this
    if (!child) return
    this.child = undefined
    await ended(child, signal)
  }

  /** New policies; resolves when they are in force. */
  async setPolicies(policies: string, pods?: object[]): Promise<void> {
    const before = this.current()
    this.write(this.policies, policies)
    if (pods) this.write(this.pods, documents(...pods))
    await until('the new plan is in force', () => {
      const { generation, problems } = this.current()
      if (problems.join() !== before.problems.join() && problems.length > 0)
        throw new Error(problems.join('\n'))
      return generation > before.generation
    })
  }

  write(folder: string, text: string): void {
    writeDocuments(folder, text)
  }

  current(): State {
    const state = readState(this.state)
    if (!state) throw new Error('no agent has written a state')
    return state
  }

  /** How exec is denied on this kernel. */
  mechanism(): string {
    return this.current().mechanisms.find(({ decision }) => decision === 'exec')?.mechanism ?? ''
  }

  // --- what the kernel has counted ---

  tables(): Tables {
    return (this.opened ??= openTables(this.pins))
  }

  records(): LedgerRecord[] {
    return readRecords(this.tables(), new Map(Object.entries(this.current().pods)))
  }

  /** What policy denies, or would, in one cgroup. The ledger may be long: of the others nothing is put into words. */
  recordsOf(folder: string): LedgerRecord[] {
    const id = cgroupId(folder)
    const { ledger } = this.tables()
    const describer = (this.describer ??= new Describer(this.tables()))
    return [...ledger.keys()]
      .filter(({ subject, outcome }) => subject === id && outcome !== abi.Outcome.ALLOWED)
      .map((key) => describer.record(key, ledger.get(key) as abi.LedgerRow))
  }

  counters(): Record<string, number> {
    return readCounters(this.tables().counters)
  }

  /** How much each counter grew while `act` ran. */
  async counted(act: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = this.counters()
    await act()
    return Object.fromEntries(
      Object.entries(this.counters()).map(([k, v]) => [k, v - (before[k] ?? 0)]),
    )
  }

  // --- processes ---

  /** The folder of a cgroup below the sandbox's, made if need be. */
  folder(cgroup: string): string {
    const folder = join(this.cgroup, cgroup)
    fs.mkdirSync(folder, { recursive: true })
    return folder
  }

  /** A process that enters the cgroup and then replaces itself by `argv`. */
  spawn(cgroup: string, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    const child = spawn('/bin/sh', ['-c', enter, this.folder(cgroup), ...argv], options)
    this.started.add(child)
    child.once('close', () => this.started.delete(child))
    return child
  }

  async run(cgroup: string, argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const { cwd = this.files, env = {}, input = '', timeout = 30_000 } = options
    const child = this.spawn(cgroup, argv, {
      cwd,
      env: { ...process.env, ...env },
      timeout,
      killSignal: 'SIGTERM',
    })
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()))
    child.stdin?.on('error', () => {
      // it does not read its input
    })
    child.stdin?.end(input)
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    })
  }

  // --- the end ---

  /** Removes everything; may be called at any time and more than once. */
  close(): void {
    process.off('exit', this.onExit)
    for (const signal of endings) process.off(signal, this.onSignal)
    if (this.opened) closeTables(this.opened)
    this.opened = this.describer = undefined
    for (const child of this.started) if (child.exitCode === null) child.kill('SIGKILL')
    this.started.clear()
    if (this.closed) return
    this.closed = true
    const agent = this.agent ?? this.place.agent
    this.agent = undefined
    if (agent && (agent === this.plain || agent === this.place.agent))
      return leavePlace(this.place, agent)
    agent?.stop()
    removePlace(this.place)
  }
}

/** Signals a process of ours and waits until it is gone. */
export async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  if (signal) child.kill(signal)
  await gone
}

function mountBpffs(): void {
  const lines = fs.readFileSync('/proc/mounts', 'utf8').split('\n')
  if (lines.some((line) => line.split(' ')[1] === bpffs)) return
  const { status, stderr } = spawnSync('mount', ['-t', 'bpf', 'bpf', bpffs], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`cannot mount bpffs: ${stderr}`)
}
