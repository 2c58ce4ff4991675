// SPDX-License-Identifier: Apache-2.0
// A replica of the webhook as `underpin webhook --live` makes it, whose certificates last for seconds: so that a test sees
// in half a minute what else takes years. Arguments: a kubeconfig, and the lives of authority and certificate in seconds.
import { createLog, createMetrics, nextSignal, openCluster } from '../../runtime/src/index.ts'
import {
  liveKnowledge,
  secretStore,
  startWebhook,
  watchOwnObjects,
} from '../../webhook/src/index.ts'

const [kubeconfig = '', authoritySeconds, leafSeconds] = process.argv.slice(2)
const secret = { namespace: 'underpin', name: 'underpin-webhook-certificate' }
const configuration = 'underpin'
const log = createLog({})
const metrics = createMetrics()
const cluster = await openCluster({ kubeconfig })
const knowledge = liveKnowledge({ cluster, log, metrics, policies: () => [], profiles: [] })
const server = await startWebhook({
  ...{ knowledge, log, metrics, host: '127.0.0.1', port: 0, dnsNames: ['localhost'] },
  ...{ store: secretStore({ cluster, configuration, ...secret }), patient: true, drainMs: 3000 },
  authorityLifeMs: Number(authoritySeconds) * 1000,
  leafLifeMs: Number(leafSeconds) * 1000,
})
const look = () => server.renewCertificates()
const ended = watchOwnObjects({ cluster, secret, configuration, log, look })
await nextSignal()
await server.stop()
await ended()
await knowledge.stop()
