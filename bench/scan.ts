// SPDX-License-Identifier: Apache-2.0
// underpin scan as people start it: 10,000 workloads in files against parsing the same YAML with the library alone, an
// object of 7 MiB; then 100,000 damaged manifests, none of which may end, stop or bloat it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
// eslint-disable-next-line no-restricted-imports -- what it is compared with
import { parseAllDocuments } from 'yaml'
import {
  damagedObject,
  namespaceArbitrary,
  templateArbitrary,
} from '../webhook/src/arbitrary-manifest.ts'
import { charts } from '../webhook/src/chart-specimens.ts'
import { scan as scanDocuments } from '../webhook/src/scan.ts'
import { assert, round, say, show, spread, summary } from './figures.ts'
import { program } from './process.ts'

const workloads = 10_000
const files = 100
const rounds = 5
const manifests = Number(process.env.UNDERPIN_FUZZ_RUNS ?? 100_000)

type Measured = { seconds: number; result: { workloads: number; unread: number } }

/** The whole command, start of the program included. */
function scanned(paths: readonly string[], output: string): Measured {
  const begin = performance.now()
  const { stderr, status } = spawnSync(
    program,
    [
      'scan',
      ...paths,
      '-o',
      'json',
      '--output-file',
      output,
      '--fail-on',
      'never',
      '--mesh',
      'istio',
    ],
    { encoding: 'utf8' },
  )
  const seconds = (performance.now() - begin) / 1000
  assert(status === 0, `scan ended with ${status}: ${stderr}`)
  const read = JSON.parse(readFileSync(output, 'utf8')) as { summary: Measured['result'] }
  return { seconds, result: read.summary }
}

function deployment(i: number): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart-${i}
  namespace: shop-${i % 50}
  labels:
    app.kubernetes.io/name: cart
    app.kubernetes.io/instance: cart-${i}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: cart-${i}
  template:
    metadata:
      labels:
        app: cart-${i}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: '8080'${i % 10 === 0 ? '\n        traffic.sidecar.istio.io/excludeOutboundPorts: "5432"' : ''}
    spec:
      serviceAccountName: cart
      containers:
        - name: app
          image: "registry.example/shop/cart:1.${i}"
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: A
              value: b
            - name: C
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
          resources:
            limits: { cpu: 500m, memory: 128Mi }
          livenessProbe:
            httpGet:
              path: /healthz
              port: http
`
}

export function scan(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-bench-'))
  const output = join(folder, 'result.out')
  try {
    const texts = Array.from({ length: files }, (_, file) =>
      Array.from({ length: workloads / files }, (_, i) =>
        deployment((file * workloads) / files + i),
      ).join(''),
    )
    const paths = texts.map((text, i) => {
      const path = join(folder, `${i}.yaml`)
      writeFileSync(path, text)
      return path
    })
    const times: number[] = []
    const parses: number[] = []
    const ratios: number[] = []
    for (let turn = 0; turn < rounds; turn++) {
      const { seconds, result } = scanned(paths, output)
      assert(result.workloads === workloads && result.unread === 0, JSON.stringify(result))
      const begin = performance.now()
      for (const text of texts)
        for (const one of parseAllDocuments(text)) (one as { toJS(): unknown }).toJS()
      const parse = (performance.now() - begin) / 1000
      times.push(seconds)
      parses.push(parse)
      ratios.push(seconds / parse)
    }
    say(`${workloads} workloads in ${files} files: ${show(spread(times))} s, start included`)
    say(
      `the same text through the YAML library alone: ${show(spread(parses))} s; ratio ${show(spread(ratios))}`,
    )
    const large = largeObject()
    const path = join(folder, 'large.yaml')
    writeFileSync(path, large)
    const one = scanned([path], output)
    assert(one.result.workloads === 1 && one.result.unread === 0, JSON.stringify(one.result))
    say(`an object of ${round(large.length / 1024 / 1024)} MiB in YAML: ${round(one.seconds)} s`)
    const fuzzed = damaged()
    say(
      `${manifests} damaged manifests: ${round(fuzzed.seconds)} s, slowest ${round(fuzzed.slowest)} ms, heap grew by ${round(fuzzed.grown)} MB`,
    )
    summary('scan', {
      seconds: spread(times).median,
      ratio: spread(ratios).median,
      largeSeconds: one.seconds,
      fuzzSlowestMs: fuzzed.slowest,
      fuzzGrownMB: fuzzed.grown,
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return Promise.resolve()
}

/** A Deployment that is as large as the API server takes, by its environment and one long annotation. */
function largeObject(): string {
  const env = Array.from(
    { length: 74_000 },
    (_, i) =>
      `            - name: SETTING_${i}\n              value: "value of the setting ${i}, and more of it"\n`,
  )
  return deployment(0).replace('            - name: A\n', `${env.join('')}            - name: A\n`)
}

/** Half of them objects in which anything is replaced by anything, half of them text that was cut and pasted. */
function damaged(): { seconds: number; slowest: number; grown: number } {
  const template = templateArbitrary.map((one) => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } },
    spec: { template: one },
  }))
  const pod = templateArbitrary.map(({ metadata, spec }) => {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'cart', uid: 'u', ...metadata },
      spec,
    }
  })
  const objects = damagedObject(fc.oneof(template, pod, namespaceArbitrary)).map(
    (one) => JSON.stringify(one) ?? '',
  )
  const pieces = charts.map(({ text }) => text.slice(0, 8000))
  const texts = fc
    .tuple(
      fc.constantFrom(...pieces),
      fc.nat(7000),
      fc.nat(1500),
      fc.nat(8000),
      fc.nat(300),
      fc.string({ maxLength: 4 }),
    )
    .map(([text, from, length, at, cut, insert]) => {
      const part = text.slice(from, from + length)
      const place = at % Math.max(1, part.length)
      return part.slice(0, place) + insert + part.slice(place + cut)
    })
  let slowest = 0
  const options = { today: '2026-11-21', meshes: ['istio', 'linkerd'] }
  const before = heapInUse()
  const begin = performance.now()
  const run = (text: string) => {
    const start = performance.now()
    const { unread } = scanDocuments([{ file: 'm', text }], options)
    assert(!unread.some(({ message }) => message.includes('defect')), JSON.stringify(unread))
    slowest = Math.max(slowest, performance.now() - start)
  }
  fc.assert(fc.property(objects, run), { numRuns: manifests / 2 })
  fc.assert(fc.property(texts, run), { numRuns: manifests / 2 })
  const grown = (heapInUse() - before) / 1e6
  return { seconds: (performance.now() - begin) / 1000, slowest, grown }
}

/** After everything that nobody holds any more is gone. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
