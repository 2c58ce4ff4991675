// SPDX-License-Identifier: Apache-2.0
// The built webhook, as people start it, over real HTTPS: CPU per review of a 20 kB pod with one mesh and with all of them,
// latency at 300 reviews a second, memory with 5,000 namespaces, an object of 7 MiB. Throughput of one core follows from its
// CPU time: the client has the other one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  coveragePolicy,
  istioConfiguration,
  istioPod,
  namespaceObject,
  podOf,
  reviewOf,
  type Manifest,
} from '../webhook/src/specimens.ts'
import { meshes } from '../webhook/src/index.ts'
import { assert, quantile, round, say, show, spread, summary } from './figures.ts'
import { cpuSeconds, resident, sleep } from './process.ts'
import { startProgram } from './webhook-program.ts'

const namespaces = 5000
const bodySize = 20_000
const rounds = 7
const perRound = 3000
const atOnce = 8
const rate = 300
const openLoopSeconds = 10

/** A pod grown to 20 kB by what makes real ones large: environment variables and annotations. */
function large(
  make: (parts: { annotations: Record<string, string>; containers: Manifest[] }) => Manifest,
): string {
  for (let n = 10; ; n += 2) {
    const env = Array.from({ length: n }, (_, i) => ({
      name: `SETTING_${i}`,
      value: `value-of-the-setting-${i}`,
    }))
    const annotations = Object.fromEntries(
      env
        .slice(0, n / 4)
        .map((_, i) => [`example.com/note-${i}`, `something to remember, number ${i}`]),
    )
    const containers = ['app', 'logger', 'exporter'].map((name) => ({
      name,
      image: `registry.example/shop/${name}:1`,
      env,
    }))
    const text = JSON.stringify(
      reviewOf({ uid: 'b0a1', object: make({ annotations, containers }) }),
    )
    if (text.length >= bodySize) return text
  }
}

/** A cluster in files: its policy for these meshes, its namespaces, and an injector. */
function writeCluster(
  folder: string,
  asked: readonly string[],
): { policies: string; manifests: string } {
  const names = ['shop', ...Array.from({ length: namespaces }, (_, i) => `team-${i}`)]
  const labels = (team: string) => ({ labels: { team, 'istio-injection': 'enabled' } })
  const written = (name: string, objects: object[]) => {
    writeFileSync(join(folder, name), objects.map((one) => JSON.stringify(one)).join('\n---\n'))
    return join(folder, name)
  }
  return {
    policies: written('policies.yaml', [coveragePolicy('deny', { meshes: asked })]),
    manifests: written('manifests.yaml', [
      ...names.map((name) => namespaceObject(name, labels(name))),
      istioConfiguration('default', ['namespace', 'object', 'rev.namespace', 'rev.object']),
    ]),
  }
}

/** Of all meshes, a pod has the sidecar of one: it is judged by each, and not covered by the others. */
export async function webhook(): Promise<void> {
  const all = meshes.map(({ name }) => name)
  await measured(['istio'])
  if (all.length > 1) await measured(all)
}

async function measured(asked: readonly string[]): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), 'underpin-bench-'))
  const { policies, manifests } = writeCluster(state, asked)
  const webhook = await startProgram(state, ['--policies', policies, '--manifests', manifests])
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  try {
    const { pid } = webhook
    const atStart = resident(pid)
    const send = sender(webhook.url, agent, webhook.bundle())
    const bodies = [large(istioPod), large(podOf)]
    if (asked.length === 1) assert(await send(bodies[0] ?? ''), 'the covered pod is allowed')
    assert(!(await send(bodies[1] ?? '')), 'the pod without sidecar is denied')
    const closed = async (n: number) => {
      let left = n
      const one = async () => {
        while (left-- > 0) await send(bodies[left % 2] ?? '')
      }
      await Promise.all(Array.from({ length: atOnce }, one))
    }
    await closed(perRound) // lets the compiler of the runtime settle
    const cost: number[] = []
    const seen: number[] = []
    for (let r = 0; r < rounds; r++) {
      const [begun, before] = [performance.now(), cpuSeconds(pid)]
      await closed(perRound)
      seen.push(perRound / ((performance.now() - begun) / 1000))
      cost.push(((cpuSeconds(pid) - before) / perRound) * 1e6)
      say(
        `  round ${r + 1} of ${rounds}: ${round(cost[r] ?? NaN)} µs of CPU per review, ${round(seen[r] ?? NaN)} reviews/s seen by the client`,
      )
    }
    const times = await openLoop(() => send(bodies[0] ?? ''))
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
    const memory = resident(pid)
    const largest = await timesOfLargest(send)
    const perCore = spread(cost.map((us) => 1e6 / us))
    say(
      `POST /validate over HTTPS, keep-alive, pods of ${round((bodies[0]?.length ?? 0) / 1000)} kB, ${namespaces} namespaces known, meshes: ${asked.join(', ')}`,
    )
    say(
      `  per core         ${show(perCore)} reviews/s (from CPU time; ${show(spread(cost))} µs each)`,
    )
    say(
      `  seen by client   ${show(spread(seen))} reviews/s, ${atOnce} at once; the client takes the other core`,
    )
    say(`  at ${rate}/s         p50 ${round(p50)} ms, p99 ${round(p99)} ms of ${times.length}`)
    say(`  an object of 7 MiB  ${show(largest)} ms`)
    say(
      `  resident         ${round(atStart)} MiB at the start, ${round(memory)} MiB under load, ${round(resident(pid))} MiB after the objects of 7 MiB`,
    )
    summary(`webhook_${asked.length}_meshes`, {
      per_core_per_s: perCore.median,
      cpu_us: spread(cost).median,
      seen_per_s: spread(seen).median,
      p50_ms: p50,
      p99_ms: p99,
      largest_ms: largest.median,
      resident_mib: memory,
    })
  } finally {
    agent.destroy()
    await webhook.stop()
    rmSync(state, { recursive: true })
  }
}

/** Answers whether the pod was allowed. */
function sender(url: string, agent: Agent, ca: string): (body: string) => Promise<boolean> {
  return (body) =>
    new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }
      const options = { method: 'POST', agent, ca, headers }
      const call = request(`${url}/validate?timeout=10s`, options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          resolve((JSON.parse(text) as { response: { allowed: boolean } }).response.allowed),
        )
      })
      call.on('error', reject)
      call.end(body)
    })
}

/** As large as a request may be, of many small fields: the worst there is for whoever waits behind it. */
async function timesOfLargest(send: (body: string) => Promise<boolean>) {
  const annotations: Record<string, string> = {}
  for (let i = 0; i < 110_000; i++)
    annotations[`example.com/note-number-${i}`] = 'something to remember by it'
  const body = JSON.stringify(reviewOf({ object: podOf({ annotations }) }))
  assert(
    body.length > 6.5 * 2 ** 20 && body.length < 7 * 2 ** 20,
    `the body has ${body.length} bytes`,
  )
  const times: number[] = []
  for (let i = 0; i < 7; i++) {
    const begun = performance.now()
    assert(!(await send(body)), 'the largest pod is judged')
    times.push(performance.now() - begun)
  }
  return spread(times)
}

/** At a fixed rate, whether or not earlier ones are answered; time counts from when each was due. */
async function openLoop(send: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  const begun = performance.now()
  const running: Promise<unknown>[] = []
  for (let i = 0; i < rate * openLoopSeconds; i++) {
    const due = begun + (i * 1000) / rate
    while (performance.now() < due) await sleep(Math.max(0, due - performance.now()))
    running.push(send().then(() => times.push(performance.now() - due)))
  }
  await Promise.all(running)
  return times.toSorted((a, b) => a - b)
}
