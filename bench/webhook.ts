// SPDX-License-Identifier: Apache-2.0
// The built webhook, as people start it, over real HTTPS: CPU per review of a 20 kB pod, latency at 300 reviews a second,
// memory with 5,000 namespaces. Throughput of one core follows from its CPU time: the client has the other one.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ended } from '../test/harness/sandbox.ts'
import {
  coveragePolicy,
  istioConfiguration,
  istioPod,
  namespaceObject,
  podOf,
  reviewOf,
  type Manifest,
} from '../webhook/src/specimens.ts'
import { assert, quantile, round, say, show, spread, summary } from './figures.ts'
import { cpuSeconds, program, resident, sleep } from './process.ts'

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

/** A cluster in files: its policy, its namespaces, and the mesh's injector. */
function writeCluster(folder: string): { policies: string; manifests: string } {
  const names = ['shop', ...Array.from({ length: namespaces }, (_, i) => `team-${i}`)]
  const labels = (team: string) => ({ labels: { team, 'istio-injection': 'enabled' } })
  const written = (name: string, objects: object[]) => {
    writeFileSync(join(folder, name), objects.map((one) => JSON.stringify(one)).join('\n---\n'))
    return join(folder, name)
  }
  return {
    policies: written('policies.yaml', [coveragePolicy('deny')]),
    manifests: written('manifests.yaml', [
      ...names.map((name) => namespaceObject(name, labels(name))),
      istioConfiguration('default', ['namespace', 'object', 'rev.namespace', 'rev.object']),
    ]),
  }
}

/** Where it listens, by its log. */
async function listening(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  for await (const line of createInterface(child.stdout)) {
    const { message, url } = JSON.parse(line) as { message?: string; url?: string }
    if (message === 'webhook listening' && url !== undefined) return url
  }
  throw new Error('the webhook ended')
}

export async function webhook(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), 'underpin-bench-'))
  const { policies, manifests } = writeCluster(state)
  const child = spawn(
    program,
    // prettier-ignore
    ['webhook', '--policies', policies, '--manifests', manifests, '--state', state, '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  try {
    const url = await listening(child)
    child.stdout.resume()
    const ca = readFileSync(join(state, 'webhook-ca.pem'), 'utf8')
    const pid = child.pid ?? 0
    const send = (body: string) =>
      new Promise<boolean>((resolve, reject) => {
        const headers = {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }
        const call = request(
          `${url}/validate?timeout=10s`,
          { method: 'POST', agent, ca, headers },
          (response) => {
            let text = ''
            response.setEncoding('utf8')
            response.on('data', (chunk: string) => (text += chunk))
            response.on('end', () =>
              resolve((JSON.parse(text) as { response: { allowed: boolean } }).response.allowed),
            )
          },
        )
        call.on('error', reject)
        call.end(body)
      })
    const bodies = [large(istioPod), large(podOf)]
    assert(await send(bodies[0] ?? ''), 'the covered pod is allowed')
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
    const perCore = spread(cost.map((us) => 1e6 / us))
    say(
      `POST /validate over HTTPS, keep-alive, pods of ${round((bodies[0]?.length ?? 0) / 1000)} kB, ${namespaces} namespaces known`,
    )
    say(
      `  per core         ${show(perCore)} reviews/s (from CPU time; ${show(spread(cost))} µs each)`,
    )
    say(
      `  seen by client   ${show(spread(seen))} reviews/s, ${atOnce} at once; the client takes the other core`,
    )
    say(`  at ${rate}/s         p50 ${round(p50)} ms, p99 ${round(p99)} ms of ${times.length}`)
    say(`  resident         ${round(memory)} MiB`)
    summary('webhook', {
      per_core_per_s: perCore.median,
      cpu_us: spread(cost).median,
      seen_per_s: spread(seen).median,
      p50_ms: p50,
      p99_ms: p99,
      resident_mib: memory,
    })
  } finally {
    agent.destroy()
    await ended(child, 'SIGTERM')
    rmSync(state, { recursive: true })
  }
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
