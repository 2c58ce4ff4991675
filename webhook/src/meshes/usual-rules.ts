// SPDX-License-Identifier: Apache-2.0
// Questions that several injectors ask in the same way. Each mesh names its own source for them.

import { staysUp, type Container } from '../containers.ts'
import { isTrue } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { hasPodEntry, onlyPodRefused } from './api-server-gate.ts'
import type { MeshInput } from './mesh.ts'
import { shown, sound, stops, when, type Rule } from './rule.ts'

export function skipsHostNetwork(source: string): Rule {
  return when(
    'Does the pod use the network of the node?',
    source,
    ({ subject: { pod } }) => shown(`${pod.prefix}spec.hostNetwork`, pod.spec.hostNetwork),
    ({ subject: { pod } }) =>
      !isTrue(pod.spec, 'hostNetwork')
        ? null
        : {
            id: 'host-network',
            path: `${pod.prefix}spec.hostNetwork`,
            message: 'hostNetwork is true, so the injector leaves the pod alone',
          },
  )
}

export function ignoresNamespaces(names: readonly string[], source: string): Rule {
  return when(
    'Is the namespace one that the injector ignores?',
    source,
    ({ namespace }) => shown('metadata.namespace', namespace.name),
    ({ namespace }) =>
      !names.includes(namespace.name)
        ? null
        : {
            id: 'ignored-namespace',
            path: 'metadata.namespace',
            message: `the injector ignores every pod of namespace "${namespace.name}"`,
          },
  )
}

/** The first question when nobody is called. */
export function noEntryForPods(title: string, source: string): Rule {
  return when(
    'Is there no webhook entry of the injector that takes pods?',
    source,
    ({ calls }) => `${calls.length} entries`,
    (input) =>
      hasPodEntry(input)
        ? null
        : {
            id: 'injector-config-tampered',
            path: 'webhooks',
            message: `no MutatingWebhookConfiguration sends pods to the ${title} injector`,
          },
  )
}

/** The last question when nobody is called: it always has an answer. */
export function whichSelector(source: string): Rule {
  return {
    question: 'Which selector keeps the entries from taking the pod?',
    source,
    ask: (input) => {
      const hit = selectorHit(input)
      return stops(hit.path, hit)
    },
  }
}

function selectorHit(input: MeshInput): Hit {
  const { subject, namespace } = input
  const byPod = onlyPodRefused(input)
  return byPod !== null
    ? {
        id: 'object-selector-evasion',
        path: `${subject.pod.prefix}metadata.labels`,
        message: `the labels of the pod do not fit the objectSelector of "${byPod.name}"`,
      }
    : {
        id: 'ns-selector-evasion',
        path: 'namespace.metadata.labels',
        message: `the labels of namespace "${namespace.name}" fit no namespaceSelector of the injector`,
      }
}

/** A name alone is no sidecar: the container must run for as long as the pod. */
export function oneStaysUp(sidecars: (subject: Subject) => Container[], source: string): Rule {
  return sound('Does a container of the sidecar stay up with the pod?', source, ({ subject }) =>
    sidecars(subject).some(staysUp)
      ? []
      : sidecars(subject).map((one) => ({
          id: 'fake-sidecar-name',
          path: `${one.path}.name`,
          message: `the container "${one.name}" has the sidecar's name and does not stay up with the pod`,
        })),
  )
}

/**
 * Init containers run in order: whatever comes before the redirect has the network to itself. With a
 * native sidecar the injector comes first, so somebody else has put it there.
 */
export function aheadOf(
  redirect: Container,
  { pod }: Subject,
  isOwn: (container: Container) => boolean,
  native: boolean,
): Hit[] {
  return pod.containers
    .filter((one) => one.kind === 'init' || one.kind === 'native')
    .filter((one) => one.index < redirect.index && !isOwn(one))
    .map((one) => ({
      id: native ? 'init-ahead-by-other-webhook' : 'init-before-capture',
      path: one.path,
      message: `the init container "${one.name}" runs before ${redirect.name} and is not captured`,
    }))
}
