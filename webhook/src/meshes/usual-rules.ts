// SPDX-License-Identifier: Apache-2.0
// Questions that several injectors ask in the same way. Each mesh names its own source for them.

import { staysUp, type Container } from '../containers.ts'
import { isTrue } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { hasPodEntry, onlyPodRefused } from './api-server-gate.ts'
import type { MeshInput } from './mesh.ts'
import { no, shown, sound, stops, unknown, when, type Rule } from './rule.ts'
import type { Settings } from './settings.ts'

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

/** What the container must be to be the sidecar that the injector adds; the first thing that is not so is told. */
export type Genuine = {
  /** "Kuma": whose proxy its image must be. */
  title: string
  image: boolean
  /** It has no command, or one that the injector gives it. */
  command: boolean
  /** Where it is told what it is, and how a container is that was not told; null: it was. */
  told: { place: 'args' | 'env'; why: string } | null
  /** Where something else than a name makes it so. */
  id?: Hit['id']
}

export function foreignSidecar(proxy: Container, of: Genuine): Hit[] {
  const say = (place: string, why: string): Hit[] => [
    {
      id: of.id ?? 'fake-sidecar-name',
      path: `${proxy.path}.${place}`,
      message: `the container "${proxy.name}" ${why}`,
    },
  ]
  if (!of.image) {
    const image = proxy.image.slice(0, 100)
    return say('image', `runs "${image}", which is no image of ${of.title}'s proxy`)
  }
  if (!of.command) return say('command', 'has a command of its own; the injected one has none')
  return of.told === null ? [] : say(of.told.place, of.told.why)
}

/** Where no sidecar stays up there is nothing further to look at: another question says so. */
export function whileUp<S extends Settings>(
  sidecars: (subject: Subject) => Container[],
  find: (proxy: Container, input: MeshInput<S>) => readonly Hit[],
): (input: MeshInput<S>) => readonly Hit[] {
  return (input) => {
    const proxy = sidecars(input.subject).find(staysUp)
    return proxy === undefined ? [] : find(proxy, input)
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
 * Of a manifest. `comesFirst`: why nothing of the user can run ahead of the redirect; null: it can; or what has to
 * be assumed to say so.
 */
export function initsBefore<S extends Settings>(of: {
  source: string
  redirect: string
  isOwn?: (container: Container) => boolean
  comesFirst: (input: MeshInput<S>) => string | null | { assumed: string }
}): Rule<S> {
  return {
    question: 'Do init containers of the pod run before the redirect is set up?',
    source: of.source,
    ask: (input) => {
      const inits = input.subject.pod.containers.filter(
        (one) => one.kind === 'init' && of.isOwn?.(one) !== true,
      )
      if (inits.length === 0) return no('no init containers')
      const at = inits.map(({ path }) => path).join(', ')
      const first = of.comesFirst(input)
      if (typeof first === 'string') return no(first)
      if (first !== null) return unknown(at, first.assumed)
      const hits = inits.map((one): Hit => ({
        id: 'init-before-capture',
        path: one.path,
        message: `the init container "${one.name}" runs before ${of.redirect} and is not captured`,
      }))
      return stops(at, ...hits)
    },
  }
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
