// SPDX-License-Identifier: Apache-2.0
// Pods that run with an address of IPv6, in meshes that redirect IPv4 only unless told otherwise.
import { expect, test } from 'vitest'
import { cover } from '../meshes/cases.ts'
import { istio } from '../meshes/istio.ts'
import { linkerd } from '../meshes/linkerd.ts'
import type { Mesh } from '../meshes/mesh.ts'
import {
  istioPod,
  linkerdInit,
  linkerdPod,
  linkerdProxy,
  podOf,
  type Manifest,
} from '../specimens.ts'

const four = '10.0.0.7'
const six = 'fd00::7'

function ids(mesh: Mesh, pod: Manifest, addresses: string[], settings = {}): string[] {
  const object = { ...pod, status: { podIPs: addresses.map((ip) => ({ ip })) } }
  const found = cover(mesh, { object, finished: true, settings })
  return found.hits.map(({ id, path }) => `${id} ${path}`)
}

test('Istio: beside IPv4, without dual stack', () => {
  expect(ids(istio, istioPod(), [four, six])).toEqual(['ipv6 status.podIPs[1].ip'])
  expect(ids(istio, istioPod(), [four])).toEqual([])
  expect(ids(istio, istioPod(), [six])).toEqual([])
  expect(ids(istio, istioPod(), [four, six], { dualStack: true })).toEqual([])
})

test('Linkerd: as linkerd-init was told', () => {
  const args = (linkerdInit.args as string[]).filter((one) => one !== '--ipv6=false')
  const both = { ...linkerdInit, args: ['--ipv6=true', ...args] }
  const taken = podOf({
    annotations: { 'linkerd.io/proxy-version': 'edge-26.8.1' },
    initContainers: [both, linkerdProxy],
  })
  const found = ['ipv6 spec.initContainers[0].args[0]']
  expect(ids(linkerd, linkerdPod(), [four, six])).toEqual(found)
  expect(ids(linkerd, linkerdPod(), [six])).toEqual(found)
  expect(ids(linkerd, linkerdPod(), [four])).toEqual([])
  expect(ids(linkerd, taken, [four, six])).toEqual([])
})

test('Linkerd: ports of which the proxy sees bytes only', () => {
  const opaque = (value: string) =>
    ids(linkerd, linkerdPod({ annotations: { 'config.linkerd.io/opaque-ports': value } }), [four])
  expect(opaque('3306')).toEqual([
    'linkerd-l7-blind metadata.annotations[config.linkerd.io/opaque-ports]',
  ])
  expect(opaque('')).toEqual([])
})
