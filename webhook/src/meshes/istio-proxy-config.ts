// SPDX-License-Identifier: Apache-2.0
// The annotation proxy.istio.io/config is YAML that is merged over the mesh's proxy settings. Only its keys
// are looked for, wherever they stand, so that no nesting hides one.
// istio/istio pkg/kube/inject/inject.go GetProxyConfigOrDefault; tools/istio-iptables pkg/cmd/root.go.

import type { FindingId } from '../catalogue.ts'
import type { Hit } from '../finding.ts'
import type { PodTemplate } from '../subject.ts'

const key = 'proxy.istio.io/config'

/** Read by istio-init from its environment, ahead of the flags that the template sets. */
export const redirectVariables: ReadonlySet<string> = new Set([
  'DRY_RUN',
  'SKIP_RULE_APPLY',
  'ISTIO_EXCLUDE_INTERFACES',
  'ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE',
  'ISTIO_LOCAL_EXCLUDE_PORTS',
  'ISTIO_OUTBOUND_OWNER_GROUPS',
  'ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE',
  'ISTIO_SERVICE_EXCLUDE_CIDR',
  'ISTIO_INBOUND_PORTS',
  'ISTIO_SERVICE_CIDR',
])

const replacesProxy = new Set([
  'discoveryAddress',
  'binaryPath',
  'configPath',
  'customConfigFile',
  'proxyBootstrapTemplatePath',
  'caCertificatesPem',
])

/** A variable that all proxies get, from wherever; null: it takes nothing from them. */
export function variableHit(name: string, value: unknown, where: string, path: string): Hit | null {
  if (value === '' || ['false', 'f', '0'].includes(String(value).toLowerCase())) return null
  if (name === 'DISABLE_ENVOY') {
    const message = `${where} sets DISABLE_ENVOY: the sidecars run no proxy`
    return { id: 'disable-envoy', path, message }
  }
  if (!redirectVariables.has(name)) return null
  const message = `${where} sets ${name}, which changes what istio-init redirects`
  return { id: 'proxymetadata-disables-redirect', path, message }
}

export function readProxyConfig(pod: PodTemplate): Hit[] {
  const value = pod.annotations.get(key)
  if (value === undefined) return []
  const path = `${pod.prefix}metadata.annotations[${key}]`
  const hits: Hit[] = []
  const add = (id: FindingId, message: string) => hits.push({ id, path, message })
  // fail closed: with escapes, anchors or aliases a key can be written so that its letters do not show.
  if (/[\\]|(^|\s)[&*?][\w-]|<<\s*:/.test(value)) {
    add('proxy-config-override', `the annotation ${key} is written so that its keys cannot be told`)
    return hits
  }
  for (const name of new Set(
    [...value.matchAll(/([\w.-]+)["']?\s*:/g)].map((found) => found[1] ?? ''),
  )) {
    if (redirectVariables.has(name)) {
      const message = `the annotation ${key} sets ${name}, which changes what istio-init redirects`
      add('proxymetadata-disables-redirect', message)
    } else if (name === 'DISABLE_ENVOY') {
      add('disable-envoy', `the annotation ${key} sets DISABLE_ENVOY: the sidecar runs no proxy`)
    } else if (replacesProxy.has(name)) {
      add(
        'proxy-config-override',
        `the annotation ${key} sets ${name}: another configuration governs the proxy`,
      )
    } else if (name === 'interceptionMode' && /interceptionMode["']?\s*:\s*["']?NONE/.test(value)) {
      add(
        'interception-none',
        `the annotation ${key} sets interceptionMode NONE: nothing is redirected`,
      )
    }
  }
  return hits
}
