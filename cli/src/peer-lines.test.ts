// SPDX-License-Identifier: Apache-2.0
// What `policy plan` says is implied, and which selectors fit nothing.
import { expect, it } from 'vitest'
import { knowCluster } from '../../enforcer/src/identity/known-cluster.ts'
import { planLines } from './commands/policy-plan.ts'
import { planTexts } from './planning.ts'

const pod = (name: string, app: string, ip: string, spec = '{ containers: [{ name: a }] }') => `
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${app} }, uid: 0f9b1c2d-1111-2222-3333-44445555${ip.replaceAll('.', '').padStart(4, '0').slice(-4)} }
spec: ${spec}
status: { podIP: ${ip}, hostIP: 172.18.0.2 }
---`
const service = (name: string, ip: string, app: string) => `
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: ${ip}, selector: { app: ${app} }, ports: [{ port: 80, targetPort: 5432 }] }
---`
const policy = {
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    select: { pods: { matchLabels: { app: 'web' } } },
    processes: [
      {
        exe: '/a',
        egress: [
          { to: [{ pods: { matchLabels: { app: 'db' } } }], ports: [5432] },
          { to: [{ services: { name: 'gone' } }] },
        ],
      },
    ],
  },
}

it('is said in words', () => {
  const spec =
    '{ containers: [{ name: a, livenessProbe: { httpGet: { port: 8081 } } }, { name: istio-proxy }] }'
  const text =
    pod('web', 'web', '10.0.0.1', spec) +
    pod('db', 'db', '10.0.0.2') +
    pod('other', 'other', '10.0.0.3') +
    service('db', '10.96.0.1', 'db') +
    service('other', '10.96.0.2', 'other')
  const known = knowCluster([{ file: 'a', text }], [])
  expect(known.problems).toEqual([])
  const lines = planLines(planTexts([{ file: 'p', text: JSON.stringify(policy) }], known, ['p']))
  expect(lines.filter((line) => /implied {2}(?!what)|matches nothing/.test(line))).toEqual([
    '  implied  Service shop/db at 10.96.0.1 80/TCP is allowed: it leads only to what is',
    '  implied  the kubelet, at 172.18.0.2, may ask port 8081 of its probes',
    '  implied  istio-proxy is redirected to: port 15006 hears whom any port may hear, port 15001, 15053 the pod itself, which hears it in turn',
    'matches nothing: Service shop/gone, in RuntimePolicy/shop/web',
  ])
})
