// SPDX-License-Identifier: Apache-2.0
// Two webhooks as processes with one cluster: they start while nobody answers, become ready when somebody does, share an
// authority, and judge by what the cluster says now.
import { spawn, type ChildProcess } from 'node:child_process'
import { request } from 'node:https'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specimenApi, type SpecimenApi } from '../../webhook/src/live/specimen-api.ts'
import { coveragePolicy, podOf, reviewOf } from '../../webhook/src/specimens.ts'

const program = new URL('./main.ts', import.meta.url).pathname
const secret = '/api/v1/namespaces/guard/secrets/underpin-webhook-certificate'
const configuration =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/underpin'
const policy = '/apis/underpin.dev/v1alpha1/coveragepolicies/mesh'
const registered = {
  webhooks: [{ name: 'a', clientConfig: {} as { caBundle?: string } }],
}

let api: SpecimenApi
let running: ChildProcess[]
beforeEach(async () => {
  api = await specimenApi()
  running = []
  api.put(configuration, registered)
  api.put(secret, { type: 'Opaque' })
  api.put(policy, coveragePolicy('deny'))
  const labels = { 'istio-injection': 'enabled' }
  for (const name of ['shop', 'guard'])
    api.put(`/api/v1/namespaces/${name}`, { kind: 'Namespace', metadata: { name, labels } })
})
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL')
  await api.close()
})

/** Its port, by its log. */
function start(...more: string[]): Promise<number> {
  const args = [
    program,
    'webhook',
    '--live',
    '--kubeconfig',
    api.kubeconfig,
    '--port',
    '0',
    ...more,
  ]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, POD_NAMESPACE: 'guard' },
  })
  running.push(child)
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
    createInterface(child.stdout).on('line', (line) => {
      const { message, url = '' } = JSON.parse(line) as { message?: string; url?: string }
      if (message === 'webhook listening') resolve(Number(new URL(url).port))
    })
  })
}

function asked(
  port: number,
  path: string,
  body?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const call = request(
      { host: '127.0.0.1', port, path, method, rejectUnauthorized: false, agent: false },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}

async function allowed(port: number, namespace: string): Promise<boolean> {
  const { text } = await asked(
    port,
    '/validate',
    JSON.stringify(reviewOf({ namespace, object: podOf() })),
  )
  return (JSON.parse(text) as { response: { allowed: boolean } }).response.allowed
}
const ready = async (port: number) => (await asked(port, '/readyz')).status
const patience = { timeout: 30_000, interval: 50 }
const bundle = () =>
  (api.object(configuration) as typeof registered).webhooks[0]?.clientConfig.caBundle

test('they wait for an API server, agree on an authority, and judge by what is there now', async () => {
  api.away = true
  const [a, b] = await Promise.all([start(), start()])
  expect(await ready(a)).toBe(503)
  expect((await asked(a, '/healthz')).status).toBe(200)
  api.away = false
  for (const port of [a, b]) await expect.poll(() => ready(port), patience).toBe(200)
  expect(Object.keys((api.object(secret) as { data?: object }).data ?? {})).toHaveLength(1)
  for (const port of [a, b]) {
    expect(await allowed(port, 'shop')).toBe(false)
    // The own namespace and what keeps the cluster alive.
    expect(await allowed(port, 'guard')).toBe(true)
    expect(await allowed(port, 'kube-system')).toBe(true)
  }
  const before = bundle()
  api.put(configuration, registered)
  await expect.poll(bundle, patience).toBe(before)
  api.put(policy, coveragePolicy('audit'))
  await expect.poll(() => allowed(a, 'shop'), patience).toBe(true)
  // Two seconds after clients were told again whom to trust.
  await expect.poll(() => ready(a), patience).toBe(200)
  api.away = true
  expect([await ready(a), await allowed(a, 'shop')]).toEqual([200, true])
}, 90_000)
