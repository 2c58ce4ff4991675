// SPDX-License-Identifier: Apache-2.0
// AWS App Mesh. The namespace needs a label for the controller to be called at all; the annotation of the pod wins, and
// a VirtualNode or VirtualGateway must select it: aws/aws-app-mesh-controller-for-k8s pkg/inject/inject.go (1.4 to 1.13).

import { captureChecks } from '../checks/index.ts'
import { supposing } from '../namespace.ts'
import { appMeshSidecars, inject } from './app-mesh-parts.ts'
import { appMeshChartInjectors, appMeshRules, appMeshUncalled } from './app-mesh-rules.ts'
import {
  appMeshController,
  appMeshReads,
  appMeshSettings,
  appMeshSettingsFrom,
  usualIgnoredIps,
  type AppMeshSettings,
} from './app-mesh-settings.ts'
import { appMeshChecks, appMeshForesight, appMeshVerification } from './app-mesh-sidecar.ts'
import { appMeshCapture, beyond } from './app-mesh-traffic.ts'
import type { BesideInput, Mesh, ObjectHit } from './mesh.ts'
import { spokenOf } from './spoken.ts'

export const appMesh: Mesh<AppMeshSettings> = {
  name: 'app-mesh',
  title: 'App Mesh',
  settings: appMeshSettings,
  reads: appMeshReads,
  settingsFrom: appMeshSettingsFrom,
  isInjector: (name) => name === 'mpod.appmesh.k8s.aws',
  chartInjectors: appMeshChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [inject], pod: [inject] }, subject, namespace) ||
    (subject !== null &&
      subject.pod.containers.some(({ env }) => env.has('APPMESH_VIRTUAL_NODE_NAME'))),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { labels: { [inject]: 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the label ${inject}=enabled (no Namespace object was given)`,
  }),
  uncalled: appMeshUncalled,
  rules: appMeshRules,
  collects: false,
  cniRules: [],
  capturedBy: appMeshCapture,
  sidecarNames: ['envoy'],
  sidecars: appMeshSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.annotations.has('appmesh.k8s.aws/proxyEgressPort')
      ? {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.annotations[appmesh.k8s.aws/proxyEgressPort]`,
          message: 'the annotations of an injected pod are there, and the sidecar is not',
        }
      : null,
  verify: appMeshVerification,
  foresee: appMeshForesight,
  checkInput: appMeshChecks,
  checks: captureChecks,
  besides,
}

/** What the controller leaves out of the redirect of every pod. */
function besides({ objects }: BesideInput<AppMeshSettings>): ObjectHit[] {
  const plane = appMeshController(objects)
  const ignored = appMeshSettingsFrom(objects).ignoredIps ?? usualIgnoredIps
  if (plane === null || !beyond(ignored, usualIgnoredIps)) return []
  const path = 'spec.template.spec.containers[0].args'
  const message = `connections to "${ignored.slice(0, 60)}" are left out of the redirect of every pod`
  return [{ id: 'osm-appmesh-exclusions', path, message, object: plane.object }]
}
