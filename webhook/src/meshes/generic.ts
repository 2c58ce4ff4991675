// SPDX-License-Identifier: Apache-2.0
// A mesh out of a profile that is data: the same interface as the meshes that are code.

import { captureChecks, presenceChecks } from '../checks/index.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import { imageFrom } from '../image.ts'
import type { Injector } from '../injectors.ts'
import { supposing, type Namespace } from '../namespace.ts'
import type { Fields } from '../fields.ts'
import type { Subject } from '../subject.ts'
import {
  readProfile,
  type Ask,
  type GenericProfile,
  type ProfileProblem,
} from './generic-profile.ts'
import { genericCniRules, genericRules, genericUncalled } from './generic-rules.ts'
import { genericVerification } from './generic-sidecar.ts'
import type { Mesh } from './mesh.ts'
import { commonSettings } from './settings.ts'

/** All problems at once; the mesh is null when there is one. */
export function profileFrom(source: string | Fields): {
  mesh: Mesh | null
  problems: ProfileProblem[]
} {
  const { profile, problems } = readProfile(source)
  return { mesh: profile === null ? null : meshOf(profile), problems }
}

function meshOf(profile: GenericProfile): Mesh {
  const { inject, sidecar, capture } = profile
  const patterns = profile.webhook.names.map((name) => new RegExp(`^${patternOf(name)}$`))
  const own = (one: Container, more: readonly string[] = []): boolean => {
    if (one.kind === 'ephemeral') return false
    const isInit = capture.by === 'init' && capture.containers.includes(one.name)
    if (!isInit && !sidecar.containers.includes(one.name)) return false
    const images = isInit && capture.images.length > 0 ? capture.images : sidecar.images
    return imageFrom(one.image, [...images, ...more])
  }
  const sidecars = ({ pod }: Subject) =>
    pod.containers.filter((one) => sidecar.containers.includes(one.name))
  const numbers = (value: number | null) => new Set(value === null ? [] : [value])
  return {
    name: profile.name,
    title: profile.title,
    settings: commonSettings,
    reads: [],
    settingsFrom: () => ({}),
    isInjector: (name) => patterns.some((pattern) => pattern.test(name)),
    chartInjectors: () => profile.webhook.names.slice(0, 1).map((name) => entryOf(profile, name)),
    mentionedBy: (subject, namespace) =>
      (namespace !== null && inject.namespace !== null && says(namespace, inject.namespace)) ||
      (subject !== null &&
        (sidecars(subject).length > 0 ||
          (inject.pod !== null && says(subject.pod, inject.pod)) ||
          marked(subject, profile) !== null)),
    enabled: (namespace) => supposed(namespace, inject.namespace),
    uncalled: profile.webhook.names.length === 0 ? [] : genericUncalled(profile),
    rules: genericRules(profile),
    collects: false,
    cniRules: genericCniRules(profile),
    capturedBy: () => capture.by,
    sidecarNames: sidecar.containers,
    sidecars,
    replacesSidecar: false,
    marker: (subject) => marked(subject, profile),
    verify: genericVerification(profile, own),
    foresee: [],
    checkInput: ({ subject, namespace, objects, settings }) => ({
      subject,
      namespace,
      objects,
      exempt: {
        users: numbers(sidecar.user),
        groups: numbers(sidecar.group),
        usual: sidecar.user ?? -1,
      },
      own: (one) => own(one, settings.images),
      reserved: new Set(sidecar.ports),
    }),
    checks: capture.by === 'none' ? presenceChecks : captureChecks,
    besides: () => [],
  }
}

/** A * stands for anything; every other character for itself. */
function patternOf(name: string): string {
  return name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*')
}

type Marked = Pick<Namespace, 'labels' | 'annotations'>

function says(on: Marked, ask: Ask): boolean {
  return (ask.in === 'label' ? on.labels : on.annotations).has(ask.key)
}

function supposed(namespace: Namespace, ask: Ask | null) {
  const word = ask?.on[0]
  if (ask === null || word === undefined) return null
  const more = { [ask.key]: word }
  return {
    namespace: supposing(namespace, ask.in === 'label' ? { labels: more } : { annotations: more }),
    assumed: `namespace "${namespace.name}" has the ${ask.in} ${ask.key}=${word} (no Namespace object was given)`,
  }
}

function marked({ pod }: Subject, { inject: { marker } }: GenericProfile): Hit | null {
  if (marker === null) return null
  const kind = marker.in === 'label' ? 'labels' : 'annotations'
  if (!pod[kind].has(marker.key)) return null
  return {
    id: 'forged-injected-marker',
    path: `${pod.prefix}metadata.${kind}[${marker.key}]`,
    message: `the ${marker.in} ${marker.key} says that the sidecar was injected, and there is none`,
  }
}

function entryOf({ name, webhook }: GenericProfile, entry: string): Injector {
  return {
    configuration: name,
    name: entry,
    failurePolicy: webhook.failurePolicy,
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector: webhook.namespaceSelector,
    objectSelector: webhook.objectSelector,
    conditions: 0,
  }
}
