// SPDX-License-Identifier: Apache-2.0
// The webhook as a process of its own, for webhook.ts: node webhook-server.ts NAMESPACES. Its first line says where it is.
import { isCoverage, load } from '../policies/src/index.ts'
import { createLog } from '../runtime/src/index.ts'
import { injectorsOf, namespaceOf, startWebhook } from '../webhook/src/index.ts'
import { coveragePolicy, istioConfiguration, namespaceObject } from '../webhook/src/specimens.ts'

const count = Number(process.argv[2] ?? 0)
const text = JSON.stringify(coveragePolicy('deny'))
const policies = load([{ file: 'coverage', text }]).policies.filter(isCoverage)
const objects = [
  namespaceObject('shop', { labels: { 'istio-injection': 'enabled' } }),
  ...Array.from({ length: count }, (_, i) =>
    namespaceObject(`team-${i}`, { labels: { team: `t-${i}`, 'istio-injection': 'enabled' } }),
  ),
]
const namespaces = new Map(objects.map((o) => namespaceOf(o)).map((n) => [n.name, n]))
const injectors = injectorsOf(
  istioConfiguration('default', ['namespace', 'object', 'rev.namespace', 'rev.object']),
)
const webhook = await startWebhook({
  policies,
  host: '127.0.0.1',
  port: 0,
  dnsNames: ['localhost', '127.0.0.1'],
  log: createLog({ level: 'error' }),
  drainMs: 0,
  namespaces: () => namespaces,
  injectors: () => injectors,
})
console.log(JSON.stringify({ url: webhook.url, ca: webhook.caBundle }))
process.on('SIGTERM', () => void webhook.stop().then(() => process.exit(0)))
