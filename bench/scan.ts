// SPDX-License-Identifier: Apache-2.0
// underpin scan as people start it: 10,000 workloads in files against parsing the same YAML with the library alone, an
// object of 7 MiB; then 100,000 damaged manifests, none of which may end, stop or bloat it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// eslint-disable-next-line no-restricted-imports -- what it is compared with
import { parseAllDocuments } from 'yaml'
import { meshes } from '../webhook/src/index.ts'
import { scanDamaged } from '../webhook/src/damaged-manifests.ts'
import { assert, round, say, show, spread, summary } from './figures.ts'
import { program } from './process.ts'

const workloads = 10_000
const files = 100
const rounds = 5
const manifests = Number(process.env.UNDERPIN_FUZZ_MANIFESTS ?? 100_000)

type Measured = {
  seconds: number
  /** Of all its threads: the same whatever else the machine does, or nearly. */
  cpuSeconds: number
  result: { workloads: number; unread: number }
}

/** The whole command, start of the program included. */
function scanned(paths: readonly string[], output: string, names = ['istio']): Measured {
  const begin = performance.now()
  const args = ['scan', ...paths, '-o', 'json', '--output-file', output, '--fail-on', 'never']
  // The shell knows what its children took.
  const { stderr, status } = spawnSync(
    'sh',
    ['-c', '"$@"; code=$?; times >&2; exit $code', 'sh', program, ...args].concat(
      names.flatMap((name) => ['--mesh', name]),
    ),
    { encoding: 'utf8' },
  )
  const seconds = (performance.now() - begin) / 1000
  assert(status === 0, `scan ended with ${status}: ${stderr}`)
  const took = [...(stderr.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpuSeconds = took.reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)
  const read = JSON.parse(readFileSync(output, 'utf8')) as { summary: Measured['result'] }
  return { seconds, cpuSeconds, result: read.summary }
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

export async function scan(): Promise<void> {
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
    const cpu: number[] = []
    const cpuOfAll: number[] = []
    const parses: number[] = []
    const ratios: number[] = []
    const all = meshes.map(({ name }) => name)
    for (let turn = 0; turn < rounds; turn++) {
      const { seconds, cpuSeconds, result } = scanned(paths, output)
      assert(result.workloads === workloads && result.unread === 0, JSON.stringify(result))
      cpu.push(cpuSeconds)
      cpuOfAll.push(scanned(paths, output, all).cpuSeconds)
      const begin = performance.now()
      for (const text of texts)
        for (const one of parseAllDocuments(text)) (one as { toJS(): unknown }).toJS()
      const parse = (performance.now() - begin) / 1000
      times.push(seconds)
      parses.push(parse)
      ratios.push(seconds / parse)
    }
    say(
      `${workloads} workloads in ${files} files: ${show(spread(times))} s, start included; CPU ${show(spread(cpu))} s`,
    )
    say(
      `the same with each of them held against ${all.length} meshes: CPU ${show(spread(cpuOfAll))} s`,
    )
    say(
      `the same text through the YAML library alone: ${show(spread(parses))} s; ratio ${show(spread(ratios))}`,
    )
    const large = largeObject()
    const path = join(folder, 'large.yaml')
    writeFileSync(path, large)
    const one = scanned([path], output)
    assert(one.result.workloads === 1 && one.result.unread === 0, JSON.stringify(one.result))
    say(`an object of ${round(large.length / 1024 / 1024)} MiB in YAML: ${round(one.seconds)} s`)
    const fuzzed = await scanDamaged(manifests)
    assert(fuzzed.defects.length === 0, JSON.stringify(fuzzed.defects))
    say(
      `${fuzzed.manifests} damaged manifests: ${round(fuzzed.seconds)} s, slowest ${round(fuzzed.slowestMs)} ms, heap grew by ${round(fuzzed.grownMB)} MB`,
    )
    summary('scan', {
      seconds: spread(times).median,
      cpuSeconds: spread(cpu).median,
      cpuSecondsAllMeshes: spread(cpuOfAll).median,
      ratio: spread(ratios).median,
      largeSeconds: one.seconds,
      fuzzSlowestMs: fuzzed.slowestMs,
      fuzzGrownMB: fuzzed.grownMB,
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
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
