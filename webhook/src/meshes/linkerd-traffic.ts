// SPDX-License-Identifier: Apache-2.0
// What annotations on the pod or on its namespace (the pod's win) leave out of Linkerd's redirect.
// linkerd/linkerd2 pkg/k8s/labels.go; linkerd/linkerd2-proxy-init iptables.go.

import type { FindingId } from '../catalogue.ts'
import type { Hit } from '../finding.ts'
import { imageFrom } from '../image.ts'
import { linkerdRepositories } from './linkerd-parts.ts'
import type { MeshInput } from './mesh.ts'

type Rule = { key: string; id: FindingId; blinds: (value: string) => boolean; what: string }

const config = 'config.linkerd.io'
const notEmpty = (value: string) => value.trim() !== ''

const rules: readonly Rule[] = [
  {
    key: `${config}/skip-outbound-ports`,
    id: 'linkerd-skip-ports',
    blinds: notEmpty,
    what: 'connections to these ports are not redirected',
  },
  {
    key: `${config}/skip-inbound-ports`,
    id: 'linkerd-skip-ports',
    blinds: notEmpty,
    what: 'connections to these ports reach the application directly',
  },
  {
    key: `${config}/skip-subnets`,
    id: 'linkerd-skip-subnets',
    blinds: notEmpty,
    what: 'connections from these addresses reach the application directly',
  },
  {
    key: `${config}/opaque-ports`,
    id: 'linkerd-l7-blind',
    blinds: notEmpty,
    what: 'on these ports the proxy sees bytes only',
  },
  {
    key: `${config}/default-inbound-policy`,
    id: 'linkerd-l7-blind',
    blinds: (value) => ['all-unauthenticated', 'cluster-unauthenticated', 'audit'].includes(value),
    what: 'clients need no identity',
  },
  ...[config, 'config.alpha.linkerd.io'].map((domain): Rule => ({
    key: `${domain}/proxy-enable-native-sidecar`,
    id: 'native-sidecar-optout',
    blinds: (value) => value === 'false',
    what: 'init containers run before the redirect is set up',
  })),
  {
    key: `${config}/proxy-uid`,
    id: 'proxy-uid-realigned',
    blinds: (value) => value.trim() === '0',
    what: 'the traffic of every process of root is left alone',
  },
]

const images = ['proxy-image', 'init-image', 'debug-image'].map((name) => `${config}/${name}`)
const versions = ['proxy-version', 'init-image-version'].map((name) => `${config}/${name}`)
const released = /^(stable-|edge-|enterprise-|preview-|v)?\d/

export function linkerdTraffic({ subject, namespace, settings }: MeshInput): Hit[] {
  const { pod } = subject
  const look = (key: string): { value: string; path: string } | null => {
    const own = pod.annotations.get(key)
    if (own !== undefined) return { value: own, path: `${pod.prefix}metadata.annotations[${key}]` }
    const inherited = namespace.annotations.get(key)
    return inherited === undefined
      ? null
      : { value: inherited, path: `namespace.metadata.annotations[${key}]` }
  }
  const hits = rules.flatMap(({ key, id, blinds, what }): Hit[] => {
    const found = look(key)
    if (found === null || !blinds(found.value)) return []
    const message = `the annotation ${key} is "${found.value.slice(0, 60)}": ${what}`
    return [{ id, path: found.path, message }]
  })
  const known = [...linkerdRepositories, ...(settings.images ?? [])]
  for (const key of images) {
    const image = look(key)
    if (image === null || imageFrom(image.value, known)) continue
    const message = `the annotation ${key} replaces the image by "${image.value.slice(0, 80)}"`
    hits.push({ id: 'proxy-image-override', path: image.path, message })
  }
  for (const key of versions) {
    const version = look(key)
    if (version === null) continue
    const message = `the annotation ${key} asks for "${version.value.slice(0, 60)}" instead of the installed version`
    const hit: Hit = { id: 'proxy-image-override', path: version.path, message }
    // An old release still is a proxy.
    hits.push(released.test(version.value) ? { ...hit, effect: 'risk' } : hit)
  }
  return hits
}
