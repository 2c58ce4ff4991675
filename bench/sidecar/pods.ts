// SPDX-License-Identifier: Apache-2.0
// Pods without a cluster: each a network namespace with one address on a common bridge and a cgroup. The bridge lies in a
// namespace of its own, so the machine's network is not touched.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { need, type Sandbox } from '../../test/harness/sandbox.ts'

const ip = (...args: string[]) =>
  execFileSync(need('ip'), args, { stdio: ['ignore', 'pipe', 'pipe'] })

const endings = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

export interface Pod {
  name: string
  address: string
  /** Its network namespace. */
  namespace: string
}

export class Pods {
  readonly all: Pod[] = []
  private readonly bridge: string
  private readonly s: Sandbox
  private readonly children = new Set<ChildProcess>()
  private readonly onSignal = () => this.close()

  constructor(s: Sandbox, count: number) {
    this.s = s
    this.bridge = s.name
    // The sandbox, made before, ends the process.
    for (const signal of endings) process.once(signal, this.onSignal)
    try {
      this.make(count)
    } catch (error) {
      this.close()
      throw error
    }
  }

  private make(count: number): void {
    ip('netns', 'add', this.bridge)
    ip('-n', this.bridge, 'link', 'add', 'br0', 'type', 'bridge')
    ip('-n', this.bridge, 'link', 'set', 'br0', 'up')
    for (let i = 0; i < count; i++) this.add(i)
  }

  private add(i: number): void {
    const namespace = `${this.bridge}-${i}`
    const address = `10.77.${(i >> 7) + 1}.${(i & 127) + 1}`
    ip('netns', 'add', namespace)
    this.all.push({ name: `pod-${i}`, address, namespace })
    ip('-n', namespace, 'link', 'set', 'lo', 'up')
    const outside = `p${i}`
    ip(
      '-n',
      this.bridge,
      'link',
      'add',
      outside,
      'type',
      'veth',
      'peer',
      'eth0',
      'netns',
      namespace,
    )
    ip('-n', this.bridge, 'link', 'set', outside, 'master', 'br0', 'up')
    ip('-n', namespace, 'address', 'add', `${address}/16`, 'dev', 'eth0')
    ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  }

  at(index: number): Pod {
    const pod = this.all.at(index)
    if (!pod) throw new Error(`there is no pod ${index}`)
    return pod
  }

  /** A process in a pod's network, first in the cgroup and then `argv`. `ip netns exec` would hide the cgroups. */
  spawn(pod: Pod, cgroup: string, argv: readonly string[]): ChildProcess {
    const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    const child = spawn(
      need('nsenter'),
      [
        `--net=/run/netns/${pod.namespace}`,
        ...['/bin/sh', '-c', enter, this.s.folder(cgroup), ...argv],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.children.add(child)
    child.once('close', () => this.children.delete(child))
    return child
  }

  /** Runs a program of the machine in a pod's network namespace. */
  inside(pod: Pod, argv: readonly string[], env: Record<string, string> = {}): void {
    execFileSync(need('nsenter'), [`--net=/run/netns/${pod.namespace}`, ...argv], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  close(): void {
    for (const signal of endings) process.off(signal, this.onSignal)
    for (const child of this.children) child.kill('SIGKILL')
    for (const namespace of [...this.all.map((pod) => pod.namespace), this.bridge]) {
      try {
        ip('netns', 'delete', namespace)
      } catch {
        // it was not made
      }
    }
  }
}
