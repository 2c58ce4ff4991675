// SPDX-License-Identifier: Apache-2.0
// A report that tests start from: several meshes, every kind of row, and names that want to be more than names.

import { against, baselineOf, scan, type ScanOptions } from '../../../webhook/src/index.ts'
import type { ScanReport } from './report.ts'

/** HTML, Markdown, terminal commands, text that reads backwards, and half a character. */
export const hostile =
  '"><script>alert(1)</script><img src=x onerror=alert(1)>]]>&amp;\u001b[31m\u202e[x](http://evil.example)`|\u0000\ud800'

export const manifests = `# the shop
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: { istio-injection: enabled }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec:
  template:
    metadata: { labels: { app: cart } }
    spec:
      hostNetwork: true
      containers: [{ name: app, image: shop/cart }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${JSON.stringify(hostile)}, namespace: shop }
spec:
  template:
    metadata:
      annotations:
        traffic.sidecar.istio.io/excludeOutboundPorts: ${JSON.stringify(`5432${hostile}`)}
        traffic.sidecar.istio.io/excludeInboundPorts: "9000"
    spec:
      containers: [{ name: app, image: shop/web }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: fine, namespace: shop }
spec:
  template:
    spec:
      containers: [{ name: app, image: shop/fine }]
---
a: [1
`

export function reportOf(
  text = manifests,
  more: Partial<ScanReport> & { options?: Partial<ScanOptions>; file?: string } = {},
): ScanReport {
  const { options, file = 'deploy/my shop.yaml', ...rest } = more
  return {
    result: scan([{ file, text }], { today: '2026-11-21', ...options }),
    failOn: 'info',
    gone: null,
    all: false,
    folder: '/work/repository',
    version: '1.2.3',
    ...rest,
  }
}

/** The same report where everything but what has this id is known. */
export function knownBut(id: string): ScanReport {
  const report = reportOf()
  const baseline = baselineOf(report.result)
  const findings = baseline.findings.filter((one) => one.id !== id)
  return { ...report, ...against(report.result, { ...baseline, findings }) }
}
