// SPDX-License-Identifier: Apache-2.0
// What is lost while certificates are rotated and webhooks are replaced, under load: must be nothing. Rotations run in this
// process, where lives can be seconds; replacements are of the built program, as a cluster does them one after the other.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../runtime/src/index.ts'
import { fixedKnowledge, folderStore, startWebhook } from '../webhook/src/index.ts'
import { startLoad, type Endpoint, type Load } from '../webhook/src/load-calling.ts'
import { coveragePolicy, istioPod, reviewOf } from '../webhook/src/specimens.ts'
import { assert, say, summary } from './figures.ts'
import { sleep } from './process.ts'
import { startProgram, type RunningWebhook } from './webhook-program.ts'

const rounds = 20
const body = JSON.stringify(reviewOf({ object: istioPod() }))
/** How late a cluster hears of a new bundle, and that an endpoint is going. */
const bundleLateMs = 1000
const endpointLateMs = 300

export async function webhookLoss(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), 'underpin-bench-'))
  try {
    const rotated = await rotations(state)
    const replaced = await replacements(state)
    summary('webhook_loss', {
      rotations: rotated.count,
      answered_rotating: rotated.load.answered,
      lost_rotating: rotated.load.lost.length,
      replacements: rounds,
      answered_replacing: replaced.answered,
      lost_replacing: replaced.lost.length,
    })
    assert(rotated.load.lost.length + replaced.lost.length === 0, 'nothing is lost')
  } finally {
    rmSync(state, { recursive: true })
  }
}

async function rotations(state: string): Promise<{ count: number; load: Load }> {
  const bundle = join(state, 'rotating-ca.pem')
  let count = 0
  const log = createLog({
    write: (line) => {
      if (line.includes('certificate in use')) count++
    },
  })
  const webhook = await startWebhook({
    knowledge: fixedKnowledge({}),
    host: '127.0.0.1',
    port: 0,
    dnsNames: ['127.0.0.1'],
    log,
    store: folderStore({ folder: join(state, 'rotating'), bundle, keepKeys: true }),
    leafLifeMs: 6000,
    authorityLifeMs: 30_000,
    settleMs: 2 * bundleLateMs,
    drainMs: 0,
  })
  let trusted = readFileSync(bundle, 'utf8')
  const late = setInterval(() => {
    const now = readFileSync(bundle, 'utf8')
    setTimeout(() => (trusted = now), bundleLateMs)
  }, 100)
  const endpoint: Endpoint = { url: webhook.url, ready: () => true }
  const load = startLoad({ endpoints: () => [endpoint], bundle: () => trusted, body, everyMs: 10 })
  while (count <= rounds) await sleep(200)
  clearInterval(late)
  await load.stop()
  await webhook.stop()
  told(`${count - 1} rotations of the certificate, with its authority every 10 s or so`, load)
  return { count: count - 1, load }
}

async function replacements(state: string): Promise<Load> {
  const policies = join(state, 'policies.yaml')
  writeFileSync(policies, JSON.stringify(coveragePolicy('deny')))
  let running: { webhook: RunningWebhook; endpoint: Endpoint; going: () => void }[] = []
  const add = async () => {
    const webhook = await startProgram(state, ['--policies', policies, '--drain', '1'])
    let ready = true
    const going = () => (ready = false)
    running = [...running, { webhook, endpoint: { url: webhook.url, ready: () => ready }, going }]
  }
  await add()
  await add()
  const load = startLoad({
    endpoints: () => running.map(({ endpoint }) => endpoint),
    bundle: () => running[0]?.webhook.bundle() ?? '',
    body,
    everyMs: 5,
  })
  for (let round = 0; round < rounds; round++) {
    await add()
    const [oldest] = running
    assert(oldest !== undefined, 'one is running')
    const stopped = oldest.webhook.stop()
    await sleep(endpointLateMs)
    oldest.going()
    await stopped
    running = running.filter((one) => one !== oldest)
  }
  await load.stop()
  await Promise.all(running.map(({ webhook }) => webhook.stop()))
  told(`${rounds} webhooks replaced, one after the other`, load)
  return load
}

function told(what: string, { answered, lost }: Load): void {
  say(`  ${what}: ${answered} reviews answered, ${lost.length} lost`)
  for (const one of new Set(lost)) say(`    ${one}`)
}
