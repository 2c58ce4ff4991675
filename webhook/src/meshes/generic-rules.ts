// SPDX-License-Identifier: Apache-2.0
// The gates of a profile that is data: what the API server's selectors, the injector and the plugin ask.

import type { Hit } from '../finding.ts'
import type { Ask, GenericProfile } from './generic-profile.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { injects, no, shown, stops, when, type Rule } from './rule.ts'
import {
  ignoresNamespaces,
  noEntryForPods,
  skipsHostNetwork,
  whichSelector,
} from './usual-rules.ts'

export function genericUncalled({ title, source }: GenericProfile): Rule[] {
  return [noEntryForPods(title, source), whichSelector(source)]
}

export function genericRules(profile: GenericProfile): Rule[] {
  const { source, inject } = profile
  return [
    ...(inject.skipsHostNetwork ? [skipsHostNetwork(source)] : []),
    ignoresNamespaces(inject.ignoredNamespaces, source),
    {
      question: 'Does the pod say no?',
      source,
      ask: (input) => {
        const pod = heard(input.subject.pod, inject.pod, input.subject.pod.prefix)
        return pod.word === false ? stops(pod.at, optOut(pod, 'the pod')) : no(pod.at)
      },
    },
    {
      question: 'Does the pod ask for it, where that counts?',
      source,
      ask: (input) => {
        const pod = heard(input.subject.pod, inject.pod, input.subject.pod.prefix)
        const namespace = heard(input.namespace, inject.namespace, 'namespace.')
        const counts = inject.podBeatsNamespace || namespace.word !== false
        return pod.word === true && counts ? injects(pod.at) : no(pod.at)
      },
    },
    {
      question: 'Does the namespace say no?',
      source,
      ask: ({ namespace }) => {
        const word = heard(namespace, inject.namespace, 'namespace.')
        if (word.word !== false) return no(word.at)
        return stops(word.at, { ...optOut(word, `namespace "${namespace.name}"`), id: 'ns-optout' })
      },
    },
    {
      question: 'Does the namespace ask for it, or is it the default?',
      source,
      ask: (input) => {
        const namespace = heard(input.namespace, inject.namespace, 'namespace.')
        if (namespace.word === true || inject.byDefault) return injects(namespace.at)
        return stops(namespace.at, unasked(input, profile))
      },
    },
  ]
}

type Marks = Pick<MeshInput['namespace'], 'labels' | 'annotations'>
type Heard = { word: boolean | null; at: string; path: string; value: string; key: string }

function heard(on: Marks, ask: Ask | null, prefix: string): Heard {
  if (ask === null) {
    return { word: null, at: 'the profile asks for nothing here', path: '', value: '', key: '' }
  }
  const kind = ask.in === 'label' ? 'labels' : 'annotations'
  const path = `${prefix}metadata.${kind}[${ask.key}]`
  const value = on[kind].get(ask.key)
  const word =
    value === undefined
      ? null
      : ask.on.includes(value)
        ? true
        : ask.off.includes(value)
          ? false
          : null
  return { word, at: shown(path, value), path, value: value ?? '', key: ask.key }
}

function optOut({ path, value, key }: Heard, who: string): Hit {
  const message = `${who} has ${key}="${value}", which means no sidecar`
  return { id: 'optout-annotation-others', path, message }
}

function unasked(input: MeshInput, { title, inject }: GenericProfile): Hit {
  for (const [ask, place] of [
    [inject.pod, 'pod'],
    [inject.namespace, 'namespace'],
  ] as const) {
    if (ask === null) continue
    const asking = { key: ask.key, on: ask.on, pod: null, namespace: null, [place]: ask.in }
    const hit = misplacedKey(input, asking)
    if (hit !== null) return hit
  }
  const namespace = heard(input.namespace, inject.namespace, 'namespace.')
  if (namespace.value !== '') {
    const message = `namespace "${input.namespace.name}" has ${namespace.key}="${namespace.value}", which ${title} does not know`
    return { id: 'ns-label-typo', path: namespace.path, message }
  }
  const { subject } = input
  return inject.namespace === null
    ? {
        id: 'injector-default-optin',
        path: `${subject.pod.prefix}metadata`,
        message: `${title} injects only into pods that ask for it`,
      }
    : {
        id: 'ns-unlabelled',
        path: `namespace.metadata.${inject.namespace.in}s`,
        message: `neither namespace "${input.namespace.name}" nor the pod asks for the sidecar`,
      }
}

export function genericCniRules({ capture, title, source }: GenericProfile): Rule[] {
  if (capture.by !== 'cni' || capture.annotation === null) return []
  const { annotation } = capture
  return [
    when(
      'Does the annotation that the plugin acts on miss?',
      source,
      ({ subject: { pod } }) =>
        shown(`${pod.prefix}metadata.annotations[${annotation}]`, pod.annotations.get(annotation)),
      ({ subject }) =>
        !subject.finished || subject.pod.annotations.has(annotation)
          ? null
          : {
              id: 'capture-missing',
              path: 'metadata.annotations',
              message: `without the annotation ${annotation} the ${title} plugin redirects nothing`,
            },
    ),
  ]
}
