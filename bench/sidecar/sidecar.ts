// SPDX-License-Identifier: Apache-2.0
// The same traffic between pods with nothing in between, with policies in the kernel, and through a sidecar on both sides:
// how long an exchange takes, what it costs, what it takes of memory and processes. All within one run, in rounds.
import { execFileSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { documents, ended, Sandbox } from '../../test/harness/sandbox.ts'
import { mapBytes } from '../../enforcer/src/kernel/memory.ts'
import { startAgent } from '../agent.ts'
import { assert, round, say, show, spread, summary } from '../figures.ts'
import { resident, sleep } from '../process.ts'
import { usage } from '../rounds.ts'
import { Pods, type Pod } from './pods.ts'
import { sidecars, startSidecars, type Sidecar } from './proxies.ts'
import { makeTalk, micros, together, type Talk } from './talk.ts'

const port = 7000
const rounds = Number(process.env['UNDERPIN_BENCH_ROUNDS'] ?? 3)
const milliseconds = 2500
const cache = join(process.env['UNDERPIN_CACHE'] ?? '/var/cache/underpin', 'sidecar')

const variants = ['none', 'audit', 'enforce', 'enforce 1,000', ...sidecars] as const
type Variant = (typeof variants)[number]
const isSidecar = (variant: Variant): variant is Sidecar =>
  (sidecars as readonly string[]).includes(variant)

/** The policy of both ends, and 999 about other cgroups with rules of their own. */
function policies(s: Sandbox, variant: Variant, talk: string): string {
  const network = [{ to: [{ cidr: '10.77.0.0/16' }], ports: [port] }]
  const process = { exe: talk, egress: network, ingress: [{ ports: [port] }] }
  const mode = variant === 'audit' ? 'audit' : 'enforce'
  const ends = ['clients', 'servers'].map((end) =>
    s.policy(end, end, { mode, processes: [process] }),
  )
  const others = Array.from({ length: variant === 'enforce 1,000' ? 998 : 0 }, (_, i) =>
    s.policy(`other-${i}`, `other-${i}`, {
      processes: [
        {
          exe: `/opt/app-${i}`,
          egress: [{ to: [{ cidr: `10.${i % 250}.0.0/16` }], ports: [1000 + i] }],
        },
      ],
    }),
  )
  return documents(...ends, ...others)
}

const cpu = (s: Sandbox) =>
  ['clients', 'servers', 'proxies'].reduce((sum, cgroup) => sum + usage(s.folder(cgroup)), 0)

const output = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let [out, err] = ['', '']
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
    child.stderr?.on('data', (data: Buffer) => (err += data.toString()))
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out)
      else reject(new Error(`a client ended with ${code ?? signal}: ${err}`))
    })
  })

/** A stage with so many pods that talk to one more, which listens. */
class Stage {
  readonly s = new Sandbox()
  readonly pods: Pods
  readonly variant: Variant
  private readonly talk: string
  proxies: ChildProcess[] = []
  agent: ChildProcess | undefined

  constructor(variant: Variant, clients: number) {
    this.variant = variant
    this.talk = makeTalk(this.s.files)
    this.pods = new Pods(this.s, clients + 1)
  }

  async start(): Promise<void> {
    const { s, variant, pods } = this
    if (isSidecar(variant))
      this.proxies = await startSidecars(variant, join(cache, 'root'), s, pods)
    else if (variant !== 'none') {
      s.write(s.policies, policies(s, variant, this.talk))
      s.write(s.pods, documents())
      this.agent = await startAgent(s)
    }
    const server = pods.spawn(pods.at(-1), 'servers', [this.talk, 'serve', String(port)])
    await new Promise<void>((resolve, reject) => {
      server.stdout?.once('data', () => resolve())
      server.once('close', (code, signal) =>
        reject(new Error(`the server ended: ${code ?? signal}`)),
      )
    })
  }

  async run(pod: Pod, what: string, ...more: (string | number)[]): Promise<Talk> {
    const to = [this.pods.at(-1).address, String(port)]
    const argv = [this.talk, what, ...to, ...more.map(String)]
    return JSON.parse(await output(this.pods.spawn(pod, 'clients', argv))) as Talk
  }

  /** Every client pod with one connection, begun together. */
  async all(): Promise<{ talk: Talk; cpu: number }> {
    const clients = this.pods.all.slice(0, -1)
    const start = Math.ceil(process.hrtime()[0] * 1000 + 2000 + clients.length * 40)
    const running = clients.map((pod) => this.run(pod, 'exchange', 1, milliseconds, start))
    const clock = () => process.hrtime()[0] * 1000 + process.hrtime()[1] / 1e6
    await sleep(Math.max(0, start - clock()))
    const before = cpu(this.s)
    const talk = together(await Promise.all(running))
    return { talk, cpu: (cpu(this.s) - before) / talk.done }
  }

  async close(): Promise<void> {
    try {
      if (this.agent) await ended(this.agent, 'SIGTERM')
    } finally {
      this.pods.close()
      this.s.close()
    }
  }
}

async function on<T>(
  variant: Variant,
  clients: number,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = new Stage(variant, clients)
  try {
    await stage.start()
    return await act(stage)
  } finally {
    await stage.close()
  }
}

const columns = {
  p50: '1 connection p50 µs',
  p99: 'p99 µs',
  cpu: 'CPU µs/exchange (16)',
  rate: 'exchanges/s (16)',
  connect: 'new connection p50 µs',
  stream: 'Gbit/s',
} as const
type Column = keyof typeof columns
type Row = Record<Column, number>

async function pair(variant: Variant): Promise<Row> {
  return on(variant, 1, async (stage) => {
    const [client] = stage.pods.all
    assert(client !== undefined, 'there is a client')
    await stage.run(client, 'exchange', 1, 300) // warms up
    const one = await stage.run(client, 'exchange', 1, milliseconds)
    const before = cpu(stage.s)
    const many = await stage.run(client, 'exchange', 16, milliseconds)
    const used = cpu(stage.s) - before
    const connections = await stage.run(client, 'connect', milliseconds)
    const bytes = await stage.run(client, 'stream', milliseconds)
    if (stage.agent) {
      const denied = stage.s.counters()['denied']
      assert(denied === 0, `nothing is denied (found ${denied})`)
    }
    return {
      p50: micros(one, 0.5),
      p99: micros(one, 0.99),
      cpu: used / many.done,
      rate: many.done / (many.ms / 1000),
      connect: micros(connections, 0.5),
      stream: (bytes.done * 8) / bytes.ms / 1e6,
    }
  })
}

/** MiB that the processes have for themselves, and their share of what they have in common. */
const share = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) / 1024
  }, 0)

interface Scale {
  p50: number
  p99: number
  cpu: number
  memory: number
  processes: number
}

async function scale(variant: Variant, clients: number): Promise<Scale> {
  return on(variant, clients, async (stage) => {
    const { talk, cpu: used } = await stage.all()
    const agent = stage.agent?.pid
    const memory = agent
      ? resident(agent) + mapBytes(stage.s.pins) / 2 ** 20
      : share(stage.proxies.flatMap(({ pid }) => pid ?? []))
    const count = stage.pods.all.length
    return {
      p50: micros(talk, 0.5),
      p99: micros(talk, 0.99),
      cpu: used,
      memory: memory / count,
      processes: stage.proxies.length / count,
    }
  })
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
  const widths = head.map((name, i) =>
    Math.max(name.length, ...rows.map((row) => (row[i] ?? '').length)),
  )
  for (const row of [head, ...rows])
    say(
      `  ${row.map((cell, i) => (i ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ')}`,
    )
}

export async function sidecar(): Promise<void> {
  execFileSync(join(import.meta.dirname, 'setup.sh'), [cache], { stdio: 'inherit' })
  const rows = new Map<Variant, Row[]>(variants.map((variant) => [variant, []]))
  for (let number = 0; number < rounds; number++) {
    for (const variant of number % 2 ? variants.toReversed() : variants)
      rows.get(variant)?.push(await pair(variant))
    say(`  round ${number + 1} of ${rounds}`)
  }
  const values = (variant: Variant, column: Column) =>
    (rows.get(variant) ?? []).map((row) => row[column])
  const ratios = (variant: Variant, column: Column) =>
    values(variant, column).map((value, i) => value / (values('none', column)[i] ?? NaN))
  const names = Object.keys(columns) as Column[]
  say(`one pod talks to another over veth, median (range) of ${rounds} rounds`)
  table(
    ['', ...Object.values(columns)],
    variants.map((v) => [v, ...names.map((column) => show(spread(values(v, column))))]),
  )
  say('over nothing in between, round by round')
  table(
    ['', ...Object.values(columns)],
    variants.map((v) => [v, ...names.map((column) => show(spread(ratios(v, column))))]),
  )
  const figures: Record<string, number> = {}
  const word = (variant: Variant) => variant.replaceAll(/[ ,]/g, '')
  for (const variant of variants)
    for (const column of names)
      figures[`${word(variant)}_${column}`] = spread(
        variant === 'none' ? values(variant, column) : ratios(variant, column),
      ).median
  for (const clients of [1, 10, 100]) {
    const scales: [Variant, Scale][] = []
    for (const variant of ['none', 'enforce', 'enforce 1,000', ...sidecars] as const)
      scales.push([variant, await scale(variant, clients)])
    say(`${clients} pods talk to one more at the same time, one connection each`)
    table(
      ['', 'p50 µs', 'p99 µs', 'CPU µs/exchange', 'MiB per pod', 'processes per pod'],
      scales.map(([variant, one]) => [
        variant,
        ...[one.p50, one.p99, one.cpu, one.memory, one.processes].map(round),
      ]),
    )
    for (const [variant, { memory, p99 }] of scales)
      Object.assign(figures, {
        [`${word(variant)}_${clients}_mib`]: memory,
        [`${word(variant)}_${clients}_p99`]: p99,
      })
  }
  summary('sidecar', figures)
}
