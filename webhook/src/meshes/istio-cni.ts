// SPDX-License-Identifier: Apache-2.0
// Istio's CNI plugin decides again, in this order, whether it sets up the redirect of a pod:
// istio/istio cni/pkg/plugin/plugin.go doAddRun, kubernetes.go ExtractPodInfo (1.22 to 1.31).

import { parsesFalse, parsesTrue } from '../go-bool.ts'
import type { Hit } from '../finding.ts'
import { istioSidecars } from './istio-parts.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { MeshInput } from './mesh.ts'
import { shown, when, type Rule } from './rule.ts'

type Input = MeshInput<IstioSettings>

const source = 'istio/istio cni/pkg/plugin/plugin.go doAddRun, 1.22 to 1.31'

export const istioCniRules: readonly Rule<IstioSettings>[] = [
  when(
    "Is it a pod of the CNI agent's name?",
    source,
    ({ subject }) => shown('metadata.name', subject.name),
    ({ subject, objects }) => {
      const agents = (objects.byKind.get('DaemonSet') ?? []).filter(
        ({ name }) => name === 'istio-cni-node',
      )
      const there = agents.length === 0 || agents.some((one) => one.namespace === subject.namespace)
      // Without the agent's namespace known, its usual ones count.
      const usual = ['istio-system', 'kube-system'].includes(subject.namespace)
      const named = subject.kind === 'Pod' && subject.name.startsWith('istio-cni-node-')
      if (!named || !there || (agents.length === 0 && !usual)) return null
      const message = 'the CNI plugin lets pods called istio-cni-node-… pass without redirect'
      return { id: 'istio-cni-node-prefix', path: 'metadata.name', message }
    },
  ),
  when(
    'Is the namespace excluded from the CNI plugin?',
    'istio/istio manifests/charts/istio-cni/values.yaml excludeNamespaces, 1.22 to 1.31',
    ({ subject }) => shown('metadata.namespace', subject.namespace),
    ({ subject, settings }) => {
      if (!(settings.cniExcludedNamespaces ?? ['kube-system']).includes(subject.namespace))
        return null
      const message = `the CNI plugin sets up no redirect in namespace "${subject.namespace}"`
      return { id: 'ambient-excluded-ns', path: 'metadata.namespace', message, effect: 'blind' }
    },
  ),
  when(
    'Is a container called istio-init?',
    source,
    ({ subject }) =>
      shown(
        'containers',
        subject.pod.containers.map(({ name }) => name),
      ),
    ({ subject }) => {
      const named = subject.pod.containers.find(
        (one) => one.name === 'istio-init' && one.kind !== 'ephemeral',
      )
      if (named === undefined) return null
      const message = 'a container is called "istio-init", so the CNI plugin sets up no redirect'
      return { id: 'cni-skip-init-name', path: `${named.path}.name`, message }
    },
  ),
  when(
    'Has the sidecar DISABLE_ENVOY set?',
    source,
    (input) => shown('env DISABLE_ENVOY', proxyOf(input)?.env.get('DISABLE_ENVOY')),
    (input) => {
      const proxy = proxyOf(input)
      if (proxy === undefined || !parsesTrue(proxy.env.get('DISABLE_ENVOY'))) return null
      const message = 'the sidecar has DISABLE_ENVOY set, so the CNI plugin sets up no redirect'
      return { id: 'disable-envoy', path: `${proxy.path}.env`, message }
    },
  ),
  when(
    'Does the sidecar run as another type than "sidecar"?',
    source,
    (input) => shown('args', proxyOf(input)?.args.slice(0, 2)),
    (input) => {
      const proxy = proxyOf(input)
      const alone = input.subject.pod.containers.every((one) => one.name.startsWith('istio-'))
      if (
        proxy === undefined ||
        alone ||
        proxy.args[0] !== 'proxy' ||
        proxy.args[1] === 'sidecar'
      ) {
        return null
      }
      const message = `the proxy runs as "${proxy.args[1] ?? ''}", for which the CNI plugin sets up no redirect`
      return { id: 'cni-skip-proxy-type', path: `${proxy.path}.args`, message }
    },
  ),
  when(
    'Does the pod say no in a way that only the plugin reads?',
    source,
    ({ subject: { pod } }) =>
      shown(`${pod.prefix}metadata.labels[${inject}]`, pod.labels.get(inject)),
    pluginOptOut,
  ),
  when(
    'Is the annotation of the injector missing?',
    source,
    ({ subject: { pod } }) => shown(`metadata.annotations[${status}]`, pod.annotations.has(status)),
    (input) => {
      const { subject } = input
      if (!subject.finished || subject.pod.annotations.has(status)) return null
      if (proxyOf(input) === undefined) return null
      const message = `without the annotation ${status} the CNI plugin sets up no redirect`
      const path = 'metadata.annotations'
      return { id: 'cni-skip-proxy-type', path, message }
    },
  ),
]

const inject = 'sidecar.istio.io/inject'
const status = 'sidecar.istio.io/status'

/** Only a finished pod has the sidecar that is asked about; a manifest will get the injector's. */
function proxyOf({ subject }: Input) {
  return subject.finished ? istioSidecars(subject)[0] : undefined
}

function pluginOptOut({ subject: { pod } }: Input): Hit | null {
  const label = pod.labels.get(inject)
  const value = label ?? pod.annotations.get(inject)
  if (!parsesFalse(value)) return null
  const place = label === undefined ? 'annotations' : 'labels'
  const path = `${pod.prefix}metadata.${place}[${inject}]`
  const message = `${inject} is "${value ?? ''}", so the CNI plugin sets up no redirect`
  return { id: 'cni-skip-proxy-type', path, message }
}
