// SPDX-License-Identifier: Apache-2.0
// The redirect of a finished pod is a JSON text: in a variable of the init container, or in an annotation for
// the CNI plugin. hashicorp/consul-k8s control-plane/connect-inject/webhook/redirect_traffic.go,
// control-plane/cni/main.go (1.0 to 2.0); hashicorp/consul sdk/iptables Config.

import { number, text, texts, type Fields } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
import { mappingIn } from './config-text.ts'
import {
  consulInits,
  consulSidecars,
  initUser,
  redirectConfig,
  reservedPorts,
  transparent,
  usualUser,
} from './consul-parts.ts'

const variable = 'CONSUL_REDIRECT_TRAFFIC_CONFIG'

export type Redirect = {
  /** Null: it is there and cannot be read. */
  config: Fields | null
  path: string
  by: 'init' | 'cni'
}

/** What the redirect of the pod is told; null when nothing tells it anything. */
export function consulRedirect(subject: Subject): Redirect | null {
  for (const init of consulInits(subject)) {
    const told = init.env.get(variable)
    if (told !== undefined) return { config: mappingIn(told), path: `${init.path}.env`, by: 'init' }
  }
  const told = subject.pod.annotations.get(redirectConfig)
  return told === undefined
    ? null
    : { config: mappingIn(told), path: annotationPath(subject, redirectConfig), by: 'cni' }
}

/** Users that the redirect leaves alone, as it was told. */
export function leftAlone({ config }: Redirect): number[] {
  const proxy = text(config, 'ProxyUserID') ?? ''
  return [proxy, ...texts(config, 'ExcludeUIDs')]
    .map((one) => one.trim())
    .filter((one) => /^\d+$/.test(one))
    .map(Number)
}

const lists = [
  { key: 'ExcludeOutboundPorts', annotation: `${transparent}-exclude-outbound-ports` },
  { key: 'ExcludeOutboundCIDRs', annotation: `${transparent}-exclude-outbound-cidrs` },
  { key: 'ExcludeInboundPorts', annotation: `${transparent}-exclude-inbound-ports` },
  { key: 'ExcludeUIDs', annotation: `${transparent}-exclude-uids` },
]

/** Holes that no annotation tells of: with the CNI plugin somebody else has written them. */
export function untoldHoles(subject: Subject, redirect: Redirect): Hit[] {
  const { config, path, by } = redirect
  const id = by === 'cni' ? 'cni-forged-redirect' : 'consul-tproxy-off'
  const { annotations } = subject.pod
  const own = new Set([
    ...[...reservedPorts, initUser].map(String),
    annotations.get('consul.hashicorp.com/prometheus-scrape-port') ?? '',
    ...consulInits(subject).map((one) => String(number(one.security, 'runAsUser') ?? '')),
  ])
  const hits = lists.flatMap(({ key, annotation }): Hit[] => {
    const told = (annotations.get(annotation) ?? '').split(',').map((one) => one.trim())
    const more = texts(config, key).filter((one) => !told.includes(one.trim()) && !own.has(one))
    if (more.length === 0) return []
    const message = `the redirect is set up with ${key} "${oneLine(more.join(','))}", of which no annotation tells`
    return [{ id, path, message }]
  })
  const user = text(config, 'ProxyUserID')
  const proxies = consulSidecars(subject).map((one) => number(one.security, 'runAsUser'))
  const usual = [...proxies, usualUser].some((one) => String(one) === user)
  if (user === undefined || usual) return hits
  const message = `the redirect leaves user ${oneLine(user)} alone, and the sidecar runs as another one`
  return [...hits, { id, path, message }]
}
