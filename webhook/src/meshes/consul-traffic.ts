// SPDX-License-Identifier: Apache-2.0
// Is the transparent proxy on for a pod, and what do its annotations leave out of the redirect?
// hashicorp/consul-k8s control-plane/connect-inject/common/common.go TransparentProxyEnabled,
// connect-inject/webhook/redirect_traffic.go (1.0 to 2.0).

import { identityPath, userOf } from '../containers.ts'
import type { Hit } from '../finding.ts'
import { parsesFalse, parsesTrue } from '../go-bool.ts'
import {
  annotationHits,
  annotationPath,
  notEmpty,
  oneLine,
  type AnnotationRule,
} from './annotation-rules.ts'
import { isConsulName, transparent } from './consul-parts.ts'
import { consulRedirect } from './consul-redirect.ts'
import type { ConsulSettings } from './consul-settings.ts'
import type { MeshInput } from './mesh.ts'

type Input = MeshInput<ConsulSettings>

/** The annotation of the pod wins over the label of the namespace, that over the installation. */
export function transparentProxy({ subject, namespace, settings }: Input): {
  on: boolean
  path: string
  said: string
} {
  const onPod = subject.pod.annotations.get(transparent)
  if (onPod !== undefined) {
    const said = `the annotation ${transparent} is "${oneLine(onPod)}"`
    return { on: parsesTrue(onPod), path: annotationPath(subject, transparent), said }
  }
  // What was set up when the pod was made is not undone by a label that came later.
  const redirect = subject.finished ? consulRedirect(subject) : null
  if (redirect !== null) return { on: true, path: redirect.path, said: 'a redirect was set up' }
  const label = namespace.labels.get(transparent)
  if (label !== undefined) {
    const said = `namespace "${namespace.name}" has the label ${transparent}="${label}"`
    return { on: parsesTrue(label), path: `namespace.metadata.labels[${transparent}]`, said }
  }
  const said = 'the transparent proxy is off in this installation'
  return {
    on: settings.transparentProxy ?? true,
    path: annotationPath(subject, transparent),
    said,
  }
}

const excludes = `${transparent}-exclude`
const listed = (value: string) => value.split(',').some(notEmpty)

const rules: readonly AnnotationRule[] = [
  {
    key: `${excludes}-inbound-ports`,
    id: 'consul-tproxy-off',
    blinds: listed,
    what: 'connections to these ports reach the application directly',
  },
  {
    key: `${excludes}-outbound-ports`,
    id: 'consul-tproxy-off',
    blinds: listed,
    what: 'connections to these ports are not redirected',
  },
  {
    key: `${excludes}-outbound-cidrs`,
    id: 'consul-tproxy-off',
    blinds: listed,
    what: 'connections to these addresses are not redirected',
  },
  {
    key: 'consul.hashicorp.com/envoy-extra-args',
    id: 'bootstrap-override',
    blinds: (value) => /(^|\s)(-c|--config-path|--config-yaml|--mode)([\s=]|$)/.test(value),
    what: 'the proxy runs with a configuration of the user',
  },
  ...['', '-mount'].map((end): AnnotationRule => ({
    key: `consul.hashicorp.com/consul-sidecar-user-volume${end}`,
    id: 'bootstrap-override',
    blinds: (value) => !['', '[]'].includes(value.replaceAll(/\s/g, '')),
    what: 'the proxy gets files that the user chose',
  })),
]

const asSidecar: AnnotationRule = {
  key: 'consul.hashicorp.com/enable-consul-dataplane-as-sidecar',
  id: 'native-sidecar-optout',
  blinds: parsesFalse,
  what: 'the proxy comes after init containers and goes before the application',
}

/** For a finished pod and for a manifest alike. */
export function consulTraffic(input: Input): Hit[] {
  const { subject } = input
  const { on, path, said } = transparentProxy(input)
  const own = annotationHits(subject, [asSidecar])
  if (!on) {
    const message = `${said}: only explicit upstreams go through the sidecar`
    return [{ id: 'consul-tproxy-off', path, message }, ...own]
  }
  return [...usersLeftOut(input), ...annotationHits(subject, rules), ...own]
}

/** Whose traffic is left out: worse when a container of the application runs as one of them, or as root. */
function usersLeftOut({ subject }: Input): Hit[] {
  const { pod } = subject
  const key = `${excludes}-uids`
  const value = pod.annotations.get(key)
  if (value === undefined || !listed(value)) return []
  const users = value.split(',').map((one) => one.trim())
  const said = `the annotation ${key} is "${oneLine(value)}": traffic of these users is not redirected`
  const isNamed = isConsulName(subject)
  const hits = pod.containers.flatMap((one): Hit[] => {
    const user = userOf(one, pod.spec)
    if (user === undefined || isNamed(one) || !users.includes(String(user))) return []
    const path = identityPath(one, 'runAsUser', `${pod.prefix}spec`)
    return [
      { id: 'proxy-uid-realigned', path, message: `"${one.name}" runs as user ${user}; ${said}` },
    ]
  })
  if (hits.length > 0) return hits
  const id = users.includes('0') ? 'proxy-uid-realigned' : 'consul-tproxy-off'
  return [{ id, path: annotationPath(subject, key), message: said }]
}
