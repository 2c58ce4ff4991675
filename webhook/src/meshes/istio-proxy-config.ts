// SPDX-License-Identifier: Apache-2.0
// The annotation proxy.istio.io/config is YAML that is merged over the mesh's proxy settings. Only its keys
// are looked for, wherever they stand, so that no nesting hides one.
// istio/istio pkg/kube/inject/inject.go GetProxyConfigOrDefault; tools/istio-iptables pkg/cmd/root.go.

import type { FindingId } from '../catalogue.ts'
import type { Container } from '../containers.ts'
import { field, fields, list, text, type Fields } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { PodTemplate } from '../subject.ts'
import { mappingIn } from './config-text.ts'

const key = 'proxy.istio.io/config'

/** Characters; what people write has a few hundred. */
const longest = 64 * 1024

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

/** Keys of the top level that leave it as it is who the proxy talks to and what it sees. */
const plain = new Set([
  'concurrency',
  'drainDuration',
  'extraStatTags',
  'gatewayTopology',
  'holdApplicationUntilProxyStarts',
  'image',
  'interceptionMode',
  'meshId',
  'parentShutdownDuration',
  'proxyHeaders',
  'proxyMetadata',
  'proxyStatsMatcher',
  'readinessProbe',
  'runtimeValues',
  'serviceCluster',
  'statNameLength',
  'terminationDrainDuration',
])

/** Variables of the proxy that lead it to another control plane or authority. */
const leadsAway =
  /^(CA_ADDR|CA_PROVIDER|CA_ROOT_CA|XDS_ROOT_CA|XDS_AUTH_PROVIDER|PILOT_CERT_PROVIDER|PROXY_CONFIG_XDS_AGENT|TRUST_DOMAIN)$/

/** A variable that all proxies get, from wherever; null: it takes nothing from them. */
export function variableHit(name: string, value: unknown, where: string, path: string): Hit | null {
  const isFlag = ['DRY_RUN', 'SKIP_RULE_APPLY', 'DISABLE_ENVOY'].includes(name)
  const off = isFlag && ['false', 'f', '0'].includes(String(value).toLowerCase())
  if (value === '' || off) return null
  if (name === 'DISABLE_ENVOY') {
    const message = `${where} sets DISABLE_ENVOY: the sidecars run no proxy`
    return { id: 'disable-envoy', path, message }
  }
  if (!redirectVariables.has(name)) return null
  const message = `${where} sets ${name}, which changes what istio-init redirects`
  return { id: 'proxymetadata-disables-redirect', path, message }
}

/** Of one container: a value that comes from elsewhere may be anything, and so may variables without a name. */
export function containerVariables({ name, path, fields: item }: Container): Hit[] {
  const named = list(item, 'env').flatMap((one, index): Hit[] => {
    const value = field(one, 'valueFrom') === undefined ? (text(one, 'value') ?? '') : undefined
    const at = `${path}.env[${index}]`
    return [variableHit(text(one, 'name') ?? '', value, `"${name}"`, at) ?? []].flat()
  })
  if (list(item, 'envFrom').length === 0) return named
  const message = `"${name}" takes variables from elsewhere, which may change what is redirected`
  return [...named, { id: 'proxymetadata-disables-redirect', path: `${path}.envFrom`, message }]
}

export function readProxyConfig(pod: PodTemplate): Hit[] {
  const value = pod.annotations.get(key)
  if (value === undefined) return []
  const path = `${pod.prefix}metadata.annotations[${key}]`
  const hits: Hit[] = []
  const add = (id: FindingId, message: string) => hits.push({ id, path, message })
  if (value.length > longest) {
    // fail closed: nobody writes that much by hand, and reading it would take the time of other requests.
    add('proxy-config-override', `the annotation ${key} is too long to be read`)
    return hits
  }
  // fail closed: with escapes, anchors or aliases a key can be written so that its letters do not show.
  if (/[\\]|(^|\s)[&*?][\w-]|<<\s*:/.test(value)) {
    add('proxy-config-override', `the annotation ${key} is written so that its keys cannot be told`)
    return hits
  }
  const read = mappingIn(value)
  for (const [name, said] of valuesIn(read, value)) {
    const variable = variableHit(name, said, `the annotation ${key}`, path)
    if (variable !== null) hits.push(variable)
    else if (replacesProxy.has(name) || leadsAway.test(name)) {
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
  const other = Object.keys(read ?? {}).find((name) => !plain.has(name) && !replacesProxy.has(name))
  if (other !== undefined && hits.every(({ id }) => id !== 'proxy-config-override')) {
    const message = `the annotation ${key} sets ${other.slice(0, 60)}, which the mesh sets for its proxies`
    hits.push({ id: 'proxy-config-override', path, message, effect: 'risk' })
  }
  return hits
}

/** Every key, wherever it stands, with its value where that can be told. */
function valuesIn(read: Fields | null, value: string): Map<string, unknown> {
  const found = new Map<string, unknown>()
  // Words and what is between them, one after the other: whatever is written there, it is read once.
  const parts = value.match(/[\w.-]+|[^\w.-]+/g) ?? []
  for (const [at, name] of parts.entries()) {
    if (/^["']?\s*:/.test(parts[at + 1] ?? '')) found.set(name, undefined)
  }
  for (const level of [read, fields(read, 'proxyMetadata')]) {
    for (const [name, said] of Object.entries(level ?? {})) found.set(name, said)
  }
  return found
}
