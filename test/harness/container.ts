// SPDX-License-Identifier: Apache-2.0
// Containers of real runtimes (test/runtimes/setup.sh): a root file system with a few programs, bundles made from it, and
// the runtime's own commands. Nothing here knows how the enforcer works.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'

export type RuntimeName = 'runc' | 'crun' | 'runc-new'

/** Every program is a file of its own, so that policy can tell them apart by path. */
const programs = ['sh', 'true', 'id', 'sleep', 'cat', 'mkdir']

/** The folder with the runtimes; made ready if need be, which needs a network once. */
export function runtimesFolder(): string {
  const setup = new URL('../runtimes/setup.sh', import.meta.url).pathname
  const { status, stdout, stderr } = spawnSync(setup, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`no container runtimes: ${stderr}`)
  return stdout.trim()
}

/** Legacy hierarchies beside cgroup v2: crun refuses to work there. */
export const isHybrid = (): boolean =>
  fs
    .readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[2] === 'cgroup')

export interface Answer {
  status: number
  output: string
}

export class Runtime {
  private readonly program: string
  private readonly folder: string
  private readonly env: NodeJS.ProcessEnv
  private readonly ids = new Set<string>()

  constructor(name: RuntimeName, runtimes: string, folder: string) {
    this.program = join(runtimes, name)
    this.folder = join(folder, name)
    this.env = { ...process.env, LD_LIBRARY_PATH: join(runtimes, 'lib') }
    const bin = join(this.folder, 'root', 'bin')
    for (const made of ['bin', 'proc', 'dev', 'tmp'])
      fs.mkdirSync(join(this.folder, 'root', made), { recursive: true })
    for (const program of programs) fs.copyFileSync(join(runtimes, 'busybox'), join(bin, program))
  }

  /** Seen by the container as /tmp. */
  get marks(): string {
    return join(this.folder, 'root', 'tmp')
  }

  /** Answers the container's id; `cgroup` is its parent's path from the root of the hierarchy. */
  bundle(cgroup: string, args: string[], namespaces = ['pid', 'ipc', 'uts', 'mount']): string {
    const id = randomBytes(32).toString('hex')
    const bundle = join(this.folder, id)
    fs.mkdirSync(bundle, { recursive: true })
    const mount = (destination: string, type: string) => ({ destination, type, source: type })
    const config = {
      ociVersion: '1.0.2',
      process: { user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/' },
      root: { path: join(this.folder, 'root') },
      mounts: [mount('/proc', 'proc'), mount('/dev', 'tmpfs')],
      linux: { namespaces: namespaces.map((type) => ({ type })), cgroupsPath: join(cgroup, id) },
    }
    fs.writeFileSync(join(bundle, 'config.json'), JSON.stringify(config))
    return id
  }

  private call(...args: string[]): Answer {
    const { status, signal, stdout, stderr } = spawnSync(
      this.program,
      ['--root', join(this.folder, 'state'), ...args],
      { encoding: 'utf8', env: this.env, timeout: 120_000 },
    )
    return { status: status ?? (signal ? 128 : -1), output: `${stdout}${stderr}` }
  }

  private at = (id: string) => ['--bundle', join(this.folder, id), id]

  run(id: string): Answer {
    return this.call('run', ...this.at(id))
  }

  /** The container's output goes to a file, since it outlives the command. */
  create(id: string): Answer {
    this.ids.add(id)
    const output = fs.openSync(this.outputOf(id), 'w')
    try {
      const { status } = spawnSync(
        this.program,
        ['--root', join(this.folder, 'state'), 'create', ...this.at(id)],
        { stdio: ['ignore', output, output], env: this.env, timeout: 120_000 },
      )
      return { status: status ?? -1, output: this.outputFrom(id) }
    } finally {
      fs.closeSync(output)
    }
  }

  private outputOf = (id: string) => join(this.folder, id, 'output')
  outputFrom(id: string): string {
    return fs.readFileSync(this.outputOf(id), 'utf8')
  }

  start = (id: string): Answer => this.call('start', id)
  exec = (id: string, ...args: string[]): Answer => this.call('exec', id, ...args)
  /** Goes on while the command has ended. */
  execDetached(id: string, ...args: string[]): number {
    const { status } = spawnSync(
      this.program,
      ['--root', join(this.folder, 'state'), 'exec', '--detach', id, ...args],
      { stdio: 'ignore', env: this.env, timeout: 120_000 },
    )
    return status ?? -1
  }
  state = (id: string): { status: string; pid: number } =>
    JSON.parse(this.call('state', id).output) as { status: string; pid: number }
  kill = (id: string): Answer => this.call('kill', id, 'KILL')
  remove(id: string): Answer {
    this.ids.delete(id)
    return this.call('delete', '--force', id)
  }

  close(): void {
    for (const id of this.ids) this.remove(id)
  }
}

/** What a runtime leaves of a cgroup's path in the legacy hierarchies. */
export function removeLegacyCgroups(path: string): void {
  for (const line of fs.readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, mount, type] = line.split(' ')
    if (type === 'cgroup' && mount) removeFolders(join(mount, path))
  }
}

function removeFolders(folder: string): void {
  if (!fs.existsSync(folder)) return
  for (const entry of fs.readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeFolders(join(folder, entry.name))
  fs.rmdirSync(folder)
}
