// SPDX-License-Identifier: Apache-2.0
// Containers as a runtime makes them: an overlay root, volumes, namespaces and a cgroup of their own; all of it in mount
// namespaces of the test's own, so that it is gone when the last process is.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { until } from '../harness/sandbox.ts'
import type { Image } from './image.ts'

export interface Container {
  /** Folder of its cgroup. */
  cgroup: string
  /** Sees the host's processes. */
  hostProcesses: boolean
  user: number
  /** Options of its overlay, beside the usual ones. */
  overlay: string
  /** Folders of the host's → where it sees them. */
  volumes: Record<string, string>
  /** A file of the host's that it gets as descriptor 6. */
  descriptor: string
}

export interface Outcome {
  /** What was written to descriptor 5: each line by one program. */
  marks: string[]
  /** As a shell has it. */
  status: number
  output: string
}

/** Descriptor 5 tells what ran. */
const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'pipe']

/** Holds the image where containers take it from. */
export class Stage {
  private readonly image: Image
  private readonly folder: string
  private readonly holder: ChildProcess
  private readonly running = new Set<ChildProcess>()

  private constructor(image: Image, folder: string, holder: ChildProcess) {
    this.image = image
    this.folder = folder
    this.holder = holder
  }

  static async make(image: Image, folder: string): Promise<Stage> {
    fs.mkdirSync(folder)
    const holder = spawn(image.enter, ['stage', folder, image.folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let said = ''
    holder.stdout.on('data', (data: Buffer) => (said += data.toString()))
    await until('the stage is ready', () => {
      if (holder.exitCode !== null) throw new Error(`the stage ended: ${holder.exitCode}`)
      return said.includes('ready')
    })
    return new Stage(image, folder, holder)
  }

  /** Starts a container, whose first program is `argv`; its descriptor 5 is stdio[5]. */
  start(container: Partial<Container> & { cgroup: string }, argv: string[]): ChildProcess {
    const { cgroup, hostProcesses, user, overlay, volumes = {}, descriptor } = container
    const options = [
      ...(hostProcesses ? ['-p'] : []),
      ...(user ? ['-u', `${user}`] : []),
      ...(overlay ? ['-o', overlay] : []),
      ...(descriptor ? ['-f', descriptor] : []),
      ...Object.entries(volumes).flatMap(([from, to]) => ['-b', `${from}:${to}`]),
    ]
    const child = spawn(
      this.image.enter,
      ['run', `${this.holder.pid}`, this.folder, cgroup, ...options, ...argv],
      { stdio, cwd: '/' },
    )
    return this.remember(child)
  }

  /** One more program in a container whose first one runs. */
  exec(cgroup: string, argv: string[]): ChildProcess {
    const [first = ''] = fs.readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n')
    return this.remember(
      spawn(this.image.enter, ['exec', first, cgroup, ...argv], { stdio, cwd: '/' }),
    )
  }

  private remember(child: ChildProcess): ChildProcess {
    this.running.add(child)
    child.once('close', () => this.running.delete(child))
    return child
  }

  /** Runs a container, or one more program in it, to its end; nothing of it is left then. */
  async run(
    container: Partial<Container> & { cgroup: string },
    argv: string[],
    { late = false, timeout = 280_000 } = {},
  ): Promise<Outcome> {
    const child = late ? this.exec(container.cgroup, argv) : this.start(container, argv)
    let marks = ''
    let output = ''
    const collect = (data: Buffer) => (output += data.toString())
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    const five = (child.stdio as readonly unknown[])[5] as NodeJS.ReadableStream
    five.on('data', (data: Buffer) => (marks += data.toString()))
    const timer = setTimeout(() => {
      output += `killed after ${timeout} ms\n`
      child.kill('SIGKILL')
    }, timeout)
    child.once('exit', () => killAll(container.cgroup))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        clearTimeout(timer)
        resolve({
          marks: marks.split('\n').filter(Boolean),
          status: code ?? (signal ? -1 : 0),
          output,
        })
      })
    })
  }

  close(): void {
    for (const child of this.running) child.kill('SIGKILL')
    this.holder.kill('SIGKILL')
  }
}

/** What is left of a container whose first program has ended: those that share the host's processes may leave some. */
function killAll(cgroup: string): void {
  for (const folder of [cgroup, ...below(cgroup)]) {
    const text = fs.existsSync(folder) ? fs.readFileSync(join(folder, 'cgroup.procs'), 'utf8') : ''
    for (const pid of text.split('\n').map(Number)) {
      if (pid <= 0) continue
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // gone already
      }
    }
  }
}

function below(cgroup: string): string[] {
  return fs
    .readdirSync(cgroup, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [join(cgroup, name), ...below(join(cgroup, name))])
}
