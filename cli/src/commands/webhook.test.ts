// SPDX-License-Identifier: Apache-2.0
// The command as a process: what it keeps in its state folder, what it takes up while it runs, and how it ends.
import { spawn, type ChildProcess } from 'node:child_process'
import * as fs from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const program = new URL('../main.ts', import.meta.url).pathname
let folder: string
let running: ChildProcess[]
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'underpin-webhook-'))
  running = []
  policy('deny')
})
afterEach(async () => {
  await Promise.all(running.map((child) => ended(child, 'SIGKILL')))
  fs.rmSync(folder, { recursive: true })
})

const bundle = () => fs.readFileSync(join(folder, 'state', 'webhook-ca.pem'), 'utf8')
function policy(mode: string, mesh = 'istio', select = '{}'): void {
  const text = `apiVersion: underpin.dev/v1alpha1
kind: CoveragePolicy
metadata: { name: mesh }
spec:
  meshes: [${mesh}]
  namespaces: [{ name: all, select: { namespaces: ${select} }, mode: ${mode} }]
`
  fs.writeFileSync(join(folder, 'policy.yaml'), text)
}

/** Where it listens, by its log. */
async function start(
  ...more: string[]
): Promise<{ child: ChildProcess; url: string; lines: string[] }> {
  const files = ['--policies', join(folder, 'policy.yaml'), '--state', join(folder, 'state')]
  const args = [program, 'webhook', ...files, '--port', '0', ...more]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  const lines: string[] = []
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      const { message, url } = JSON.parse(line) as { message?: string; url?: string }
      if (message === 'webhook listening' && url !== undefined) resolve({ child, url, lines })
    })
  })
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.kill(signal)
  })
}

function allowed(url: string, namespace = 'shop'): Promise<boolean> {
  const object = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'cart' },
    spec: { containers: [{ name: 'app', image: 'app' }] },
  }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const resource = { group: '', version: 'v1', resource: 'pods' }
  const asked = { uid: 'u', kind, resource, namespace, operation: 'CREATE', object }
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }
  return new Promise((resolve, reject) => {
    const call = request(`${url}/validate`, { method: 'POST', ca: bundle() }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () =>
        resolve((JSON.parse(text) as { response: { allowed: boolean } }).response.allowed),
      )
    })
    call.on('error', reject)
    call.end(JSON.stringify(review))
  })
}

describe('underpin webhook', { timeout: 60_000 }, () => {
  test('two with one state folder are both trusted, and a restart changes nothing', async () => {
    const [a, b] = await Promise.all([start(), start()])
    expect(await Promise.all([allowed(a.url), allowed(b.url)])).toEqual([false, false])
    const before = bundle()
    expect(await Promise.all([ended(a.child, 'SIGTERM'), ended(b.child, 'SIGTERM')])).toEqual([
      0, 0,
    ])
    // Lines are written some at a time; the last ones as well.
    await expect.poll(() => a.lines.join()).toContain('webhook stopped')
    const again = await start()
    expect(bundle()).toBe(before)
    expect(await allowed(again.url)).toBe(false)
    const kept = fs.readdirSync(join(folder, 'state', 'webhook'))
    expect(kept).toHaveLength(1)
    expect(fs.statSync(join(folder, 'state', 'webhook', kept[0] ?? '')).mode & 0o777).toBe(0o600)
  })

  test('after kill -9 it goes on with the same authority', async () => {
    const first = await start()
    const before = bundle()
    await ended(first.child, 'SIGKILL')
    await start()
    expect(bundle()).toBe(before)
  })

  test('policies and namespaces that change are in force within seconds, broken ones change nothing', async () => {
    const manifest = join(folder, 'namespaces.yaml')
    const named = (labels: string) =>
      `apiVersion: v1\nkind: List\nitems:\n  - { apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: ${labels} } }\n`
    fs.writeFileSync(manifest, named('{}'))
    const { url, lines } = await start('--manifests', manifest)
    expect(await allowed(url)).toBe(false)
    policy('audit')
    await expect.poll(() => allowed(url), { timeout: 15_000, interval: 200 }).toBe(true)
    policy('deny', 'isto')
    await expect.poll(() => lines.join(), { timeout: 15_000 }).toContain('did you mean istio?')
    expect(await allowed(url)).toBe(true)
    policy('deny', 'istio', '{ matchLabels: { tier: prod } }')
    await expect
      .poll(() => lines.filter((line) => line.includes('files changed')).length, {
        timeout: 15_000,
      })
      .toBe(2)
    expect(await allowed(url)).toBe(true)
    fs.writeFileSync(manifest, named('{ tier: prod }'))
    await expect.poll(() => allowed(url), { timeout: 15_000, interval: 200 }).toBe(false)
    fs.writeFileSync(manifest, `${named('{}')}---\na: [1\n`)
    await expect.poll(() => lines.join(), { timeout: 15_000 }).toContain('none of them is used')
    expect(await allowed(url)).toBe(false)
  })

  test('what keeps the cluster alive, and the webhook itself, are never denied', async () => {
    const options = ['--dns-name', 'underpin.guard.svc', '--exclude-namespace', 'legacy']
    const { url } = await start(...options, '--on-failure', 'deny')
    const spaces = ['kube-system', 'guard', 'legacy', 'shop']
    expect(await Promise.all(spaces.map((one) => allowed(url, one)))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })
})
