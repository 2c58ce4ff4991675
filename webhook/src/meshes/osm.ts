// SPDX-License-Identifier: Apache-2.0
// Open Service Mesh (archived at 1.2). The namespace must be monitored, by a label; then pod and namespace ask by an
// annotation, and the pod wins: openservicemesh/osm pkg/injector/webhook.go mustInject (1.0 to 1.2).

import { captureChecks } from '../checks/index.ts'
import { field, list } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { supposing } from '../namespace.ts'
import type { Subject } from '../subject.ts'
import type { BesideInput, Mesh, ObjectHit } from './mesh.ts'
import { spokenOf } from './spoken.ts'
import { bootstrapVolume, inject, monitored, osmSidecars, uuid } from './osm-parts.ts'
import { osmChartInjectors, osmUncalled } from './osm-no-call.ts'
import { osmRules } from './osm-rules.ts'
import {
  meshConfigs,
  osmReads,
  osmSettings,
  osmSettingsFrom,
  type OsmSettings,
} from './osm-settings.ts'
import { osmChecks, osmForesight, osmVerification } from './osm-sidecar.ts'

export const osm: Mesh<OsmSettings> = {
  name: 'osm',
  title: 'Open Service Mesh',
  settings: osmSettings,
  reads: osmReads,
  settingsFrom: osmSettingsFrom,
  isInjector: (name) => name === 'osm-inject.k8s.io',
  chartInjectors: osmChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [inject, monitored], pod: [inject, uuid] }, subject, namespace) ||
    (subject !== null && bootstrapVolume(subject.pod) !== null),
  enabled: (namespace) => ({
    namespace: supposing(namespace, {
      labels: { [monitored]: 'osm' },
      annotations: { [inject]: 'enabled' },
    }),
    assumed: `namespace "${namespace.name}" has the label ${monitored}=osm and the annotation ${inject}=enabled (no Namespace object was given)`,
  }),
  uncalled: osmUncalled,
  rules: osmRules,
  collects: false,
  cniRules: [],
  capturedBy: () => 'init',
  sidecarNames: ['envoy'],
  sidecars: osmSidecars,
  replacesSidecar: false,
  marker,
  verify: osmVerification,
  foresee: osmForesight,
  checkInput: osmChecks,
  checks: captureChecks,
  besides,
}

function marker({ pod }: Subject): Hit | null {
  const volume = bootstrapVolume(pod)
  if (volume !== null) {
    const message = 'the pod has the Secret of a proxy that it does not have'
    return { id: 'osm-forged-volume', path: volume, message }
  }
  if (!pod.labels.has(uuid)) return null
  const message = `the label ${uuid} says that the sidecar was injected, and there is none`
  return { id: 'sidecar-stripped', path: `${pod.prefix}metadata.labels[${uuid}]`, message }
}

const listed = [
  'inboundPortExclusionList',
  'outboundPortExclusionList',
  'outboundIPRangeExclusionList',
  'outboundIPRangeInclusionList',
  'networkInterfaceExclusionList',
]

/** What the MeshConfig leaves out of the redirect of every pod. */
function besides({ objects }: BesideInput<OsmSettings>): ObjectHit[] {
  return meshConfigs(objects).flatMap((object) =>
    listed
      .filter((key) => list(object.object, 'spec', 'traffic', key).length > 0)
      .map((key): ObjectHit => {
        const value = JSON.stringify(field(object.object, 'spec', 'traffic', key)).slice(0, 60)
        const message = `${key} is ${value}: that is how the redirect of every pod is narrowed`
        return { id: 'osm-appmesh-exclusions', path: `spec.traffic.${key}`, message, object }
      }),
  )
}
