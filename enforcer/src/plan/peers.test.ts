// SPDX-License-Identifier: Apache-2.0
// What is known of a cluster as rows: one for an address, numbers that do not depend on the plan, and Services that lead to
// more than there is room for.
import { describe, expect, it } from 'vitest'
import {
  indexCluster,
  isRuntime,
  load,
  noCluster,
  type Cluster,
  type ClusterPod,
} from '../../../policies/src/index.ts'
import { PeerLimit } from '../kernel/abi.gen.ts'
import { compileRuleset } from './compile.ts'
import { peersOf, rulesAbout } from './peers.ts'

const pod = (address: string, app: string): ClusterPod => ({
  namespace: 'shop',
  name: `${app}-${address}`,
  labels: { app },
  addresses: [address],
  hostNetwork: false,
  phase: 'Running',
  ports: [],
})
const ruleset = (name: string, spec: object) => {
  const policy = {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name, namespace: 'shop' },
    spec,
  }
  const text = JSON.stringify(policy)
  return compileRuleset(load([{ file: 'a', text }]).policies.filter(isRuntime))
}
const reach = (...apps: string[]) =>
  ruleset('a', {
    processes: [
      { exe: '/a', egress: [{ to: apps.map((app) => ({ pods: { matchLabels: { app } } })) }] },
    ],
  })
const known = (more: Partial<Cluster>) => indexCluster({ ...noCluster, ...more })

describe('rows of peers', () => {
  it('there are none where nobody asks', () => {
    const cluster = known({ pods: [pod('10.0.0.1', 'db')] })
    expect(peersOf([ruleset('a', { processes: [] })], cluster).addresses.size).toBe(0)
    expect([...peersOf([reach('db')], cluster).addresses.keys()]).toEqual(['10.0.0.1'])
    expect(peersOf([reach('web')], cluster).addresses.size).toBe(0)
  })

  it('a pod that comes changes its own row and no number', () => {
    const one = peersOf([reach('db')], known({ pods: [pod('10.0.0.1', 'db')] }))
    const two = peersOf(
      [reach('db')],
      known({ pods: [pod('10.0.0.2', 'db'), pod('10.0.0.1', 'db'), pod('10.0.0.3', 'web')] }),
    )
    expect(two.addresses.get('10.0.0.1')).toEqual(one.addresses.get('10.0.0.1'))
    expect(two.addresses.get('10.0.0.2')?.to).toBe(one.addresses.get('10.0.0.1')?.to)
    expect([...two.identities.keys()]).toEqual([...one.identities.keys()])
    expect(two.addresses.has('10.0.0.3')).toBe(false)
  })

  it('an address of two pods has a number that no allow about one of them counts for', () => {
    const both = known({ pods: [pod('10.0.0.1', 'db'), pod('10.0.0.1', 'web')] })
    const bitsOf = (one: ReturnType<typeof ruleset>) => {
      const peers = peersOf([one], both)
      const identity = peers.identities.get(peers.addresses.get('10.0.0.1')?.to ?? 0n)
      return identity && rulesAbout(one.asking, identity)
    }
    expect(bitsOf(reach('db'))).toBe(0n)
    expect(bitsOf(reach('db', 'web'))).not.toBe(0n)
    const rail = { egress: { to: [{ pods: { matchLabels: { app: 'db' } } }] } }
    expect(bitsOf(ruleset('r', { deny: [rail] }))).not.toBe(0n)
  })

  it('a Service with many kinds of places keeps those of a port together, or says that it does not know', () => {
    const apps = Array.from({ length: PeerLimit.LIMIT_BEHIND + 4 }, (_, i) => `app${i}`)
    const pods = apps.map((app, i) => pod(`10.0.0.${i + 1}`, app))
    const service = {
      namespace: 'shop',
      name: 's',
      addresses: ['10.96.0.1'],
      ports: [{ name: '', protocol: 'TCP' as const, port: 80, targetPort: 8080 }],
      selector: null,
    }
    const slice = (port: number, address: string) => ({
      namespace: 'shop',
      service: 's',
      ports: [{ name: '', protocol: 'TCP' as const, port }],
      addresses: [address],
    })
    const behind = (slices: ReturnType<typeof slice>[], asking: ReturnType<typeof ruleset>) => {
      const peers = peersOf([asking], known({ pods, services: [service], slices }))
      return {
        peers,
        row: [...peers.places.values()].find(({ place }) => place.port === 80)?.behind,
      }
    }
    const onePort = pods.map((one) => slice(8080, one.addresses[0] ?? ''))
    const all = reach(...apps)
    const { peers, row } = behind(onePort, all)
    expect(row).toHaveLength(1)
    const identity = peers.identities.get(row?.[0]?.identity ?? 0n)
    expect(identity && rulesAbout(all.asking, identity)).not.toBe(0n)
    const but = reach(...apps.slice(1))
    const less = behind(onePort, but)
    const partly = less.peers.identities.get(less.row?.[0]?.identity ?? 0n)
    expect(partly && rulesAbout(but.asking, partly)).toBe(0n)
    const manyPorts = pods.map((one, i) => slice(8080 + i, one.addresses[0] ?? ''))
    expect(behind(manyPorts, all).row).toBeNull()
  })
})
