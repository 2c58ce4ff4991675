// SPDX-License-Identifier: Apache-2.0
// Two network namespaces and a wire between them: one for what is tried, and the other end, which sees every frame that
// arrives. Both are gone with the processes that hold them, whatever happens.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { need, until } from '../../harness/sandbox.ts'

export interface Frame {
  /** Of IP; negative: another EtherType. */
  protocol: number
  source: string
  destination: string
  port: number
  flags: number
  mark: string
}

const script = {
  pod: `
    echo 0 > /proc/sys/net/ipv6/conf/pod0/accept_dad
    echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range
    ip link set lo up
    ip addr add 10.99.0.1/24 brd + dev pod0
    ip link set pod0 up
    ip -6 addr add fd99::1/64 dev pod0 nodad
    ip route add 10.0.0.0/8 via 10.99.0.2
    ip -6 route add fd77::/16 via fd99::2`,
  peer: `
    echo 0 > /proc/sys/net/ipv6/conf/peer0/accept_dad
    echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
    echo 0 > /proc/sys/net/ipv4/conf/peer0/rp_filter
    ip link set lo up
    ip addr add 10.99.0.2/24 brd + dev peer0
    ip link set peer0 up
    ip -6 addr add fd99::2/64 dev peer0 nodad
    ip route add local 10.77.0.0/16 dev lo
    ip route add local 10.128.0.0/9 dev lo
    ip -6 route add local fd77::/16 dev lo`,
}

export class Wire {
  readonly frames: Frame[] = []
  /** How many addresses of 10.128.0.0/9 got something, each time that it was asked. */
  readonly counts: number[] = []
  private readonly holders: ChildProcess[] = []
  private witness: ChildProcess | undefined
  private beacons = 0
  /** Orders that the other end has carried out: port and text. */
  private readonly done = new Set<string>()
  private readonly program: string

  private constructor(program: string) {
    this.program = program
  }

  static async make(program: string): Promise<Wire> {
    const wire = new Wire(program)
    try {
      await wire.build()
    } catch (error) {
      wire.close()
      throw error
    }
    return wire
  }

  private async build(): Promise<void> {
    while (this.holders.length < 2) {
      const child = spawn(
        need('unshare'),
        ['-n', '/bin/sh', '-c', 'echo ready; exec sleep 86400'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      this.holders.push(child)
      await once(child.stdout, 'data')
    }
    const [pod, peer] = [this.pid('pod'), this.pid('peer')]
    const link = ['link', 'add', 'pod0', 'netns', pod, 'type', 'veth']
    output(need('ip'), [...link, 'peer', 'name', 'peer0', 'netns', peer])
    for (const end of ['pod', 'peer'] as const)
      output(need('nsenter'), [...this.enter(end), '/bin/sh', '-ec', script[end]])
    await this.watch()
  }

  private async watch(): Promise<void> {
    const child = spawn(need('nsenter'), [...this.enter('peer'), this.program, 'peer'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.witness = child
    let ready = false
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [what, ...rest] = line.split(' ')
      if (what === 'ready') ready = true
      if (what === 'count') this.counts.push(Number(rest[0]))
      if (what === 'told') this.done.add(rest.join(' '))
      if (what !== 'frame') return
      const [protocol, source = '', destination = '', port, flags, mark = ''] = rest
      this.frames.push({
        ...{ protocol: Number(protocol), source, destination },
        ...{ port: Number(port), flags: Number(flags), mark },
      })
    })
    await until('the other end of the wire watches', () => ready)
  }

  pid(end: 'pod' | 'peer'): string {
    return `${this.holders[end === 'pod' ? 0 : 1]?.pid}`
  }

  /** Arguments of nsenter. */
  enter(end: 'pod' | 'peer'): string[] {
    return ['-t', this.pid(end), '-n']
  }

  /** Hardware and link-local address of the other end. The kernel gives both ends theirs some time after the device is up. */
  async neighbour(): Promise<{ link: string; linkLocal: string }> {
    const ask = (end: 'pod' | 'peer', ...words: string[]) =>
      output(need('nsenter'), [...this.enter(end), need('ip'), '-o', ...words])
    const linkLocal = (end: 'pod' | 'peer') =>
      /inet6 (fe80\S*)\/(?!.*tentative)/.exec(ask(end, '-6', 'addr', 'show', 'dev', `${end}0`))?.[1]
    await until('this end has a link-local address', () => linkLocal('pod'))
    return {
      link: /link\/ether (\S+)/.exec(ask('peer', 'link', 'show', 'peer0'))?.[1] ?? '',
      linkLocal: await until('the other end has a link-local address', () => linkLocal('peer')),
    }
  }

  /** What the other end is to do (programs/peer.c); resolves when it has. */
  async tell(order: string): Promise<void> {
    this.witness?.stdin?.write(`${order}\n`)
    const [, , ...done] = order.split(' ')
    await until(`the other end has done "${order}"`, () => this.done.has(done.join(' ')))
  }

  /** Everything that was sent before has arrived, or never will. */
  async settled(): Promise<void> {
    const mark = `ESCAPED:beacon-${++this.beacons}`
    const say = ['udp_sendto', '10.77.253.1', '::', `${mark};`, '::', '::']
    const seen = () => this.frames.some((frame) => frame.mark === mark)
    const child = spawn(need('nsenter'), [...this.enter('pod'), this.program, ...say], {
      stdio: 'ignore',
    })
    await once(child, 'exit')
    await until('the other end has seen all of it', seen, 4000)
  }

  /** How many addresses of 10.128.0.0/9 got something since it was asked last. */
  async distinct(): Promise<number> {
    const before = this.counts.length
    this.witness?.stdin?.write('count\n')
    await until('the other end has counted', () => this.counts.length > before)
    return this.counts.at(-1) ?? 0
  }

  close(): void {
    this.witness?.kill('SIGKILL')
    for (const child of this.holders) child.kill('SIGKILL')
  }
}

function output(program: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`)
  return stdout
}
