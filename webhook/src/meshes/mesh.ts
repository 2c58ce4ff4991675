// SPDX-License-Identifier: Apache-2.0
// What there is to know of one mesh: how its injector decides, and how its real sidecar looks.
// Every gate is a list of rules in the injector's own order, each with its source; the list that decides is
// the list that `explain` shows. A further mesh is a file of this shape, a row in index.ts, and a test table.

import type { Check, CheckInput } from '../checks/check.ts'
import type { ClusterObject, ClusterObjects, Wanted } from '../cluster-objects.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { AdmissionCall } from '../api-server/call.ts'
import type { Injector } from '../injectors.ts'
import type { Namespace } from '../namespace.ts'
import type { Subject } from '../subject.ts'
import type { EntryCall } from './api-server-gate.ts'
import type { Rule } from './rule.ts'
import type { Settings, SettingsTable } from './settings.ts'

export type MeshSettings = Settings

/** Who sends the request; null when that is not known, as for a manifest. */
export type Requester = { user: string; groups: readonly string[] } | null

export type MeshInput<S extends Settings = Settings> = {
  subject: Subject
  namespace: Namespace
  /** The mesh's own entries among the MutatingWebhookConfigurations, or the chart's. */
  injectors: readonly Injector[]
  /** The entries above come from the cluster or the inputs, not from the chart's defaults. */
  live: boolean
  /** What the API server makes of each of them for this pod. */
  calls: readonly EntryCall[]
  settings: S
  objects: ClusterObjects
  requester: Requester
}

/** What checks of objects beside the workloads may look at. */
export type BesideInput<S extends Settings = Settings> = {
  objects: ClusterObjects
  settings: S
  injectors: readonly Injector[]
  live: boolean
  namespaces: ReadonlyMap<string, Namespace>
  subjects: readonly Subject[]
}

/** A finding about an object that is no workload; its path is within that object. */
export type ObjectHit = Hit & { object: ClusterObject }

/** How a pod's traffic gets to the sidecar: an init container, the CNI plugin, the node, or not at all. */
export type Capture = 'init' | 'cni' | 'node' | 'none'

/** Methods, not function properties: so that meshes with settings of their own fit into one list. */
export interface Mesh<S extends Settings = Settings> {
  /** As policies and --mesh name it: "istio". */
  name: string
  title: string
  /** commonSettings and the mesh's own. */
  settings: SettingsTable
  /** Objects of the cluster that settingsFrom, rules and besides look at. */
  reads: readonly Wanted[]
  /** Settings that the mesh keeps in the cluster; those that are given by name win over them. */
  settingsFrom(objects: ClusterObjects): S

  /** Is this entry of a MutatingWebhookConfiguration one of this mesh's sidecar injector? */
  isInjector(webhookName: string, configuration?: string): boolean
  /** The entries that the chart makes, for when nothing is known of the cluster's. Empty: has no webhook. */
  chartInjectors(settings: S): Injector[]
  /** Does anything here speak of this mesh, so that it may be expected without a policy? */
  mentionedBy(subject: Subject | null, namespace: Namespace | null): boolean
  /**
   * The namespace as it would be if it asked for injection, and these words for it. Null: the mesh does
   * not ask the namespace, so nothing has to be supposed.
   */
  enabled(namespace: Namespace): { namespace: Namespace; assumed: string } | null

  /**
   * Another mesh of ours that has this pod instead, as ambient mode has pods of Istio: it is judged by
   * that one. Null: it is ours.
   */
  leavesTo?(subject: Subject, namespace: Namespace): string | null

  /** The request that the injector is registered for, when it is not the creation of the pod. */
  call?(subject: Subject, namespace: Namespace): AdmissionCall
  /** The API server calls no entry: why. The first rule that says so decides; must end with one that does. */
  uncalled: readonly Rule<S>[]
  /** The injector's own code. No rule decides: it injects. */
  rules: readonly Rule<S>[]
  /** The injector collects every reason before it decides, instead of stopping at the first. */
  collects: boolean
  /** The CNI plugin's own conditions: a rule that stops leaves the pod without redirect. */
  cniRules: readonly Rule<S>[]
  capturedBy(input: MeshInput<S>): Capture
  /** It should have been injected and is bare: a better reason than that the call failed. */
  missed?(input: MeshInput<S>): Hit | null

  /**
   * Names of the containers that are the sidecar itself: a shell in them is a finding. Empty: the mesh has
   * none, the node captures; a pod that `rules` let in is then verified as it is.
   */
  sidecarNames: readonly string[]
  /** Containers that have the sidecar's name, real or not. */
  sidecars(subject: Subject): Container[]
  /** The injector takes out a sidecar that is there and adds its own; else it leaves the pod alone. */
  replacesSidecar: boolean
  /** Annotation or label that only the injector writes, if the pod has one: asked when there is no sidecar. */
  marker(subject: Subject): Hit | null
  /** The finished pod: is the sidecar the real one, and is the redirect whole? All are asked. */
  verify: readonly Rule<S>[]
  /** A manifest that will be injected: what will blind the sidecar, or make the injector refuse it? */
  foresee: readonly Rule<S>[]
  /** What the common checks need to know of this mesh. */
  checkInput(input: MeshInput<S>): CheckInput
  checks: readonly Check[]

  /** Findings about objects beside the workloads: the mesh's own resources, its configuration. */
  besides(input: BesideInput<S>): ObjectHit[]
}
