// SPDX-License-Identifier: Apache-2.0
// What there is to know of one mesh: how its injector decides, and how its real sidecar looks.
// Rules are in the injector's own order; each mesh's file names the source they mirror. A further mesh is
// a file of this shape, a row in index.ts, and a test table for cases.ts.

import type { Check, CheckInput } from '../checks/check.ts'
import type { Container } from '../containers.ts'
import type { Fields } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import type { Namespace } from '../namespace.ts'
import type { Subject } from '../subject.ts'

/** What the installation of a mesh may set differently from its chart. */
export type MeshSettings = {
  /** Version of the injector: "1.26". Absent: the stricter reading where versions differ. */
  version?: string
  /** Further repositories that hold the mesh's images, such as a mirror: "mirror.example/istio/proxyv2". */
  images?: readonly string[]
  /** Istio: global.proxy.autoInject. */
  autoInject?: string
  /** Istio: neverInjectSelector and alwaysInjectSelector of the injector's configuration. */
  neverInject?: readonly Fields[]
  alwaysInject?: readonly Fields[]
  /** Istio: sidecarInjectorWebhook.enableNamespacesByDefault. */
  namespacesByDefault?: boolean
  /** Istio: revisions and tags that exist, for when their webhook configurations are not given. */
  revisions?: readonly string[]
  /** Istio: names of custom injection templates. */
  templates?: readonly string[]
}

export type MeshInput = {
  subject: Subject
  namespace: Namespace
  /** The mesh's own entries among the MutatingWebhookConfigurations, or the chart's. */
  injectors: readonly Injector[]
  /** The entries above come from the cluster or the inputs, not from the chart's defaults. */
  live: boolean
  settings: MeshSettings
}

/** Whether the injector changes this pod; if not, why: the first reason decides, the others are told. */
export type Injection =
  | { injected: true; assumed: readonly string[] }
  | { injected: false; hits: readonly [Hit, ...Hit[]]; assumed: readonly string[] }

export type Mesh = {
  name: string
  title: string
  /** Is this entry of a MutatingWebhookConfiguration one of this mesh's sidecar injector? */
  isInjector: (webhookName: string) => boolean
  /** The entries that the chart makes, for when nothing is known of the cluster's. */
  assumedInjectors: (settings: MeshSettings) => Injector[]
  /** Does anything here speak of this mesh, so that it may be expected without a policy? */
  mentionedBy: (subject: Subject | null, namespace: Namespace | null) => boolean
  /** The namespace as it would be if it asked for injection, and these words for it. */
  enabled: (namespace: Namespace) => { namespace: Namespace; assumed: string }
  /** Both gates: the API server's call and the injector's own code. */
  injection: (input: MeshInput) => Injection
  /** The injector takes out a sidecar that is there and adds its own; else it leaves the pod alone. */
  replacesSidecar: boolean
  /** Containers that have the sidecar's name, real or not. */
  sidecars: (subject: Subject) => Container[]
  /** Annotation or label that only the injector writes, if the pod has one. */
  marker: (subject: Subject) => Hit | null
  /** The finished pod: is the sidecar the real one, and is the redirect whole? */
  verify: (input: MeshInput) => Hit[]
  /** A manifest that will be injected: what will blind the sidecar, or make the injector refuse it? */
  foresee: (input: MeshInput) => Hit[]
  /** What the common checks need to know of this mesh. */
  checkInput: (input: MeshInput) => CheckInput
  checks: readonly Check[]
}

/** "1.26.3" against 1.27: null when the version is not known. */
export function isBefore(
  version: string | undefined,
  major: number,
  minor: number,
): boolean | null {
  const found = /^v?(\d+)\.(\d+)/.exec(version ?? '')
  if (found === null) return null
  const [a, b] = [Number(found[1]), Number(found[2])]
  return a < major || (a === major && b < minor)
}
