// SPDX-License-Identifier: Apache-2.0
// The steps of Istio's injector, in its order: istio/istio pkg/kube/inject/inject.go, injectRequired.
// The label sidecar.istio.io/inject hides the annotation of that name as soon as it exists, even if empty.

import type { Hit } from '../finding.ts'
import { selectorMatches, selectsAll } from '../selector.ts'
import { ignoredNamespaces } from './istio-injectors.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { MeshInput } from './mesh.ts'
import { injects, no, shown, stops, when, yes, type Rule } from './rule.ts'
import { ignoresNamespaces, skipsHostNetwork } from './usual-rules.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<IstioSettings>

const key = 'sidecar.istio.io/inject'
const source = 'istio/istio pkg/kube/inject/inject.go injectRequired, 1.12 to 1.31'
const ignoredSource = 'istio/istio pkg/kube/inject/initializer.go IgnoredNamespaces, 1.12 to 1.31'

export const istioRules: readonly Rule<IstioSettings>[] = [
  skipsHostNetwork(source),
  ignoresNamespaces(ignoredNamespaces, ignoredSource),
  when('Does the pod say "false"?', source, saidAs, (input) => {
    const { from, value } = said(input)
    return value === 'false'
      ? optOut(input, from === 'label' ? 'optout-label-istio' : 'optout-annotation-istio')
      : null
  }),
  when(
    'Does the pod say a word other than y, yes, true and on, which counts as "false"?',
    'istio/istio pkg/kube/inject/inject.go injectRequired, 1.12 to 1.26',
    saidAs,
    (input) => {
      const { value } = said(input)
      const odd = value !== '' && !oldYes.includes(value.toLowerCase())
      return odd ? optOut(input, 'optout-odd-value-istio-le126') : null
    },
    { before: '1.27' },
  ),
  when(
    'Does the pod say nothing and match a neverInjectSelector?',
    source,
    ({ subject: { pod } }) => shown(`${pod.prefix}metadata.labels`, Object.fromEntries(pod.labels)),
    (input) =>
      wants(input) || !matchesAny(input, input.settings.neverInject)
        ? null
        : {
            id: 'exception-label',
            path: `${input.subject.pod.prefix}metadata.labels`,
            message: 'the labels match a neverInjectSelector of the injector',
          },
  ),
  {
    question: 'Does the pod say nothing and match an alwaysInjectSelector?',
    source,
    ask: (input) => {
      const at = shown(`${input.subject.pod.prefix}metadata.labels`, [
        ...input.subject.pod.labels.keys(),
      ])
      const matches = !wants(input) && matchesAny(input, input.settings.alwaysInject)
      if (!matches) return no(at)
      // Any other word of the policy turns everything off, below.
      return ['enabled', 'disabled'].includes(policyOf(input)) ? injects(at) : yes(at)
    },
  },
  {
    question: 'Does the policy of the injector say to inject?',
    source,
    ask: (input) => {
      const policy = policyOf(input)
      const at = shown('global.proxy.autoInject', policy)
      if (policy === 'enabled' || (policy === 'disabled' && wants(input))) return injects(at)
      return stops(at, {
        id: 'injector-default-optin',
        path: `${input.subject.pod.prefix}metadata.labels[${key}]`,
        message: `autoInject is "${policy}", so the injector adds no sidecar here`,
      })
    },
  },
]

const oldYes = ['y', 'yes', 'true', 'on']

function said({ subject: { pod } }: Input): { from: 'label' | 'annotation'; value: string } {
  const label = pod.labels.get(key)
  return label === undefined
    ? { from: 'annotation', value: pod.annotations.get(key) ?? '' }
    : { from: 'label', value: label }
}

function place(input: Input): string {
  const { from } = said(input)
  return `${input.subject.pod.prefix}metadata.${from === 'label' ? 'labels' : 'annotations'}[${key}]`
}

function saidAs(input: Input): string {
  const { value } = said(input)
  return shown(place(input), value === '' ? undefined : value)
}

/** From 1.27 only "true"; before, the other words for yes as well. */
function wants(input: Input): boolean {
  const { value } = said(input)
  if (value === 'true') return true
  // fail closed: with an unknown version the other words ask for nothing.
  return oldYes.includes(value.toLowerCase()) && isBefore(input.settings.version, '1.27') === true
}

function policyOf({ settings }: Input): string {
  return settings.autoInject ?? 'enabled'
}

function optOut(input: Input, id: Hit['id']): Hit {
  const { from, value } = said(input)
  const message = `the ${from} ${key} is "${value}", which means no sidecar`
  return { id, path: place(input), message }
}

/** Empty selectors are ignored: they would match everything. */
function matchesAny({ subject }: Input, selectors: IstioSettings['neverInject'] = []): boolean {
  return selectors.some((one) => !selectsAll(one) && selectorMatches(one, subject.pod.labels))
}
