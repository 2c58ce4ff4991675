// SPDX-License-Identifier: Apache-2.0
// A place of its own for a test with real processes: cgroups below one folder, pins, state, policies and files; an agent
// in this process or in one of its own; and everything removed again, whatever happened.
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import {
  cgroupMount,
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

const bpffs = '/sys/fs/bpf'
const endings = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
export const objects =
  process.env.UNDERPIN_OBJECTS ?? new URL('../../bpf/.output', import.meta.url).pathname
const agentFile = new URL('agent.ts', import.meta.url).pathname
/** Waits without giving other code of this process a turn; for cleaning up. */
const pause = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
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
  readonly name = `underpin-test-${process.pid}-${randomBytes(3).toString('hex')}`
  readonly mount = cgroupMount()
  /** The cgroup folder that the agent is attached to. */
  readonly cgroup = join(this.mount, this.name)
  readonly pins = join(bpffs, this.name)
  /** For the test's own programs. */
  readonly files: string
  readonly state: string
  readonly policies: string
  readonly pods: string
  /** Lines of the agent's log, parsed. */
  readonly log: Record<string, unknown>[] = []
  agent: Agent | undefined
  child: ChildProcess | undefined
  private opened: Tables | undefined
  private describer: Describer | undefined
  private readonly started = new Set<ChildProcess>()
  private readonly temporary: string
  private readonly onExit = () => this.close()
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.close()
    process.kill(process.pid, signal)
  }

  constructor() {
    this.temporary = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'underpin-test-')))
    fs.chmodSync(this.temporary, 0o755)
    const folder = (name: string) => join(this.temporary, name)
    this.files = folder('files')
    this.state = folder('state')
    this.policies = folder('policies')
    this.pods = folder('pods')
    for (const made of [this.files, this.policies, this.pods]) fs.mkdirSync(made)
    process.once('exit', this.onExit)
    for (const signal of endings) process.once(signal, this.onSignal)
    mountBpffs()
    fs.mkdirSync(this.cgroup)
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
    this.write(this.policies, policies)
    this.write(this.pods, documents(...(options.pods ?? [])))
    if (options.child) return this.startChild(options)
    const write = (line: string) => void this.log.push(JSON.parse(line) as Record<string, unknown>)
    this.agent = await enforce({
      ...this.options(options),
      log: createLog({ level: 'debug', write }),
    })
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

  /** As a careful writer does it: never half a file. */
  write(folder: string, text: string): void {
    fs.writeFileSync(join(folder, '.new'), text)
    fs.renameSync(join(folder, '.new'), join(folder, 'all.yaml'))
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
    this.agent?.stop()
    this.agent = undefined
    if (this.opened) closeTables(this.opened)
    this.opened = this.describer = undefined
    for (const child of this.started) if (child.exitCode === null) child.kill('SIGKILL')
    this.started.clear()
    disarm(this.pins)
    removeCgroups(Buffer.from(this.cgroup))
    fs.rmSync(this.temporary, { recursive: true, force: true })
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

/** Children first. What still runs in them was started by the test. Names may be any bytes. */
function removeCgroups(folder: Buffer): void {
  if (!fs.existsSync(folder)) return
  const below = (name: Buffer | string) =>
    Buffer.concat([folder, Buffer.from('/'), typeof name === 'string' ? Buffer.from(name) : name])
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }))
    if (entry.isDirectory()) removeCgroups(below(entry.name))
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      fs.rmdirSync(folder)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY') throw error
    }
    const processes = fs.readFileSync(below('cgroup.procs'), 'utf8').split('\n').map(Number)
    for (const pid of processes) if (pid > 0 && pid !== process.pid) tryKill(pid)
    pause(10)
  }
  throw new Error(`cannot remove the cgroup ${folder.toString()}`)
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}
