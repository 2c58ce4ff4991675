// SPDX-License-Identifier: Apache-2.0
// A node full of others: pods with their policies, and containers that no pod has, as cgroups.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { need, type Sandbox } from '../test/harness/sandbox.ts'

export const podCount = 250
export const podUid = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`

export const pods = Array.from({ length: podCount }, (_, i) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${i}`, namespace: 'shop', uid: podUid(i), labels: { app: `app-${i}` } },
  spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
}))

/** The first 250 are for a pod each, the next 250 are each pod's second one, and so on. */
export const podPolicy = (i: number) => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: `policy-${i}`, namespace: 'shop' },
  spec: {
    mode: i % 2 ? 'enforce' : 'audit',
    select: { pods: { matchLabels: { app: `app-${i % podCount}` } } },
    processes: [
      {
        exe: [`/app/bin-${i}`, need('sh')],
        egress: [{ to: [{ cidr: '10.0.0.0/8' }], ports: [443, 5432] }],
      },
      { exe: '/usr/lib/app/**', ingress: [{ ports: [8080] }] },
    ],
    deny: [{ egress: { to: [{ cidr: '169.254.169.254/32' }] } }],
  },
})

/** Selects what `addSubjects` makes: each a subject of its own. */
export const crowdPolicy = (s: Sandbox) => s.policy('crowd', 'crowd/*', { processes: [] })

/** Cgroups, of which the kernel makes subjects as it does of containers; up to `count` of them. */
export function addSubjects(s: Sandbox, count: number): void {
  for (let i = 0; i < count; i++) mkdirSync(join(s.folder('crowd'), String(i)), { recursive: true })
}
