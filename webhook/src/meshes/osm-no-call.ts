// SPDX-License-Identifier: Apache-2.0
// The webhook entry of Open Service Mesh, and why the API server does not call it for a pod: the namespace must be
// monitored, and nothing on it may keep the injector away. openservicemesh/osm pkg/injector/webhook.go
// createOrUpdateMutatingWebhook, isNamespaceInjectable (1.0 to 1.2).

import { text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { monitored } from './osm-parts.ts'
import type { OsmSettings } from './osm-settings.ts'
import { shown, when, type Rule } from './rule.ts'
import { ignoresNamespaces, noEntryForPods, whichSelector } from './usual-rules.ts'

type Input = MeshInput<OsmSettings>

const code = 'openservicemesh/osm pkg/injector'
const gate = `${code}/webhook.go createOrUpdateMutatingWebhook, 1.0 to 1.2`
const source = `${code}/webhook.go mustInject, 1.0 to 1.2`

const meshName = ({ meshName: name = 'osm' }: OsmSettings) => name
const home = ({ osmNamespace = 'osm-system' }: OsmSettings) => osmNamespace
const ignore = 'openservicemesh.io/ignore'

export function osmChartInjectors(settings: OsmSettings): Injector[] {
  return [
    {
      configuration: 'osm-webhook-osm',
      name: 'osm-inject.k8s.io',
      failurePolicy: 'Fail',
      matchPolicy: 'Exact',
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
      namespaceSelector: {
        matchLabels: { [monitored]: meshName(settings) },
        matchExpressions: [
          { key: ignore, operator: 'DoesNotExist' },
          { key: 'name', operator: 'NotIn', values: [home(settings)] },
          { key: 'control-plane', operator: 'DoesNotExist' },
        ],
      },
      objectSelector: undefined,
      conditions: 0,
    },
  ]
}

export const systemNamespaces = ignoresNamespaces(['kube-system', 'kube-public'], source)

export const ownNamespace: Rule<OsmSettings> = when(
  'Is it the namespace of the control plane?',
  source,
  ({ namespace }) => shown('metadata.namespace', namespace.name),
  ({ namespace, settings }) => {
    if (namespace.name !== home(settings)) return null
    const message = `the injector ignores every pod of its own namespace "${namespace.name}"`
    return { id: 'ignored-namespace', path: 'metadata.namespace', message }
  },
)

export const notMonitored: Rule<OsmSettings> = when(
  'Is the namespace not one that the mesh monitors?',
  source,
  ({ namespace }) =>
    shown(`namespace.metadata.labels[${monitored}]`, namespace.labels.get(monitored)),
  unmonitored,
)

export const osmUncalled: readonly Rule<OsmSettings>[] = [
  noEntryForPods('Open Service Mesh', gate),
  systemNamespaces,
  ownNamespace,
  when(
    'Does a label of the namespace keep the injector away?',
    gate,
    ({ namespace }) => shown('namespace.metadata.labels', [...namespace.labels.keys()]),
    ({ namespace, settings }) => {
      const away = [ignore, 'control-plane'].find((key) => namespace.labels.has(key))
      const key = away ?? (namespace.labels.get('name') === home(settings) ? 'name' : undefined)
      if (key === undefined) return null
      const message = `the label ${key} of namespace "${namespace.name}" keeps the injector away`
      return { id: 'ns-selector-evasion', path: `namespace.metadata.labels[${key}]`, message }
    },
  ),
  notMonitored,
  whichSelector(gate),
]

/** The entry of the cluster tells the name of its mesh. */
function selected({ injectors, live }: Input): string | undefined {
  if (!live) return undefined
  return injectors
    .map((one) => text(one.namespaceSelector, 'matchLabels', monitored))
    .find((one) => one !== undefined)
}

function unmonitored(input: Input): Hit | null {
  const { namespace, settings } = input
  const value = namespace.labels.get(monitored)
  const own = selected(input)
  if (value !== undefined && [own, meshName(settings)].includes(value)) return null
  // Without the name of the mesh any name may be right, once the injector was called.
  const open = input.live && settings.meshName === undefined && own === undefined
  if (value !== undefined && open) return null
  const where = `namespace "${namespace.name}"`
  if (value !== undefined) {
    const message = `${where} has the label ${monitored}="${value}", and the mesh is "${own ?? meshName(settings)}"`
    return { id: 'ns-label-typo', path: `namespace.metadata.labels[${monitored}]`, message }
  }
  const asking = { key: monitored, on: null, pod: null, namespace: 'label' } as const
  return (
    misplacedKey(input, asking) ?? {
      id: 'ns-unlabelled',
      path: 'namespace.metadata.labels',
      message: `${where} has no label ${monitored}, so the mesh does not look at its pods`,
    }
  )
}
