// SPDX-License-Identifier: Apache-2.0
// Manifests → what is known of a cluster: Pod, Namespace, Node, Service, EndpointSlice (discovery.k8s.io/v1), and lists of
// them, as `kubectl get -o yaml` prints them. Other kinds are passed over. Every problem at once, or a cluster.
import type { Cluster, ClusterPod, ClusterService, EndpointSlice } from './cluster.ts'
import { limits, readDocuments, type Dialect } from './document.ts'
import type { Namespace } from './labels.ts'
import { ManifestFields } from './manifest-fields.ts'
import { byPlace, problemAt, type Path, type Problem } from './problem.ts'
import { at, isFields, listAt } from './walk.ts'

export type ManifestText = { file: string; text: string }
export type Manifests = {
  /** Every object of these kinds as it was written. */
  objects: unknown[]
  cluster: Cluster
  problems: Problem[]
}

type Found = Omit<Manifests, 'cluster'> & {
  pods: ClusterPod[]
  namespaces: Namespace[]
  services: ClusterService[]
  slices: EndpointSlice[]
  nodes: string[]
}
/** By file and text, so that what did not change is the same objects again; kept by the caller. */
export type ManifestMemory = Map<string, Found>

/** Whole clusters come as one list. */
const dialect: Dialect = {
  limits: { ...limits, bytes: 64 * 1024 * 1024, values: 8_000_000, documents: 100_000 },
  lenient: true,
  versions: ['1.1', '1.2'],
}

export function readManifests(
  texts: readonly ManifestText[],
  memory: ManifestMemory = new Map(),
): Manifests {
  const earlier = new Map(memory)
  memory.clear()
  const all: Found = nothing()
  for (const { file, text } of texts) {
    const name = `${file}\0${text}`
    const found = earlier.get(name) ?? memory.get(name) ?? readText(file, text)
    memory.set(name, found)
    for (const key of [
      'objects',
      'problems',
      'pods',
      'namespaces',
      'services',
      'slices',
      'nodes',
    ] as const)
      for (const one of found[key]) (all[key] as unknown[]).push(one)
  }
  const { objects, problems, ...cluster } = all
  return { objects, problems: problems.sort(byPlace), cluster }
}

/** What one object of an API server tells; its own checks came before, so what is odd in it counts as not there. */
export function readManifest(value: unknown): Omit<Cluster, 'here'> {
  const found = nothing()
  const kind = at(value, 'kind')
  const read = typeof kind === 'string' && Object.hasOwn(readers, kind) ? readers[kind] : undefined
  read?.(new ManifestFields(value, [], []), found)
  return found
}

const nothing = (): Found => ({
  objects: [],
  problems: [],
  pods: [],
  namespaces: [],
  services: [],
  slices: [],
  nodes: [],
})

function readText(file: string, text: string): Found {
  const found = nothing()
  for (const document of readDocuments(text, dialect)) {
    found.problems.push(
      ...document.misprints.map(({ path, place, complaint }) =>
        problemAt(file, place, path, complaint),
      ),
    )
    if (document.value === undefined) continue
    for (const { value, kind, path } of objectsOf(document.value, [])) {
      const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined
      if (!read) continue
      const fields = new ManifestFields(value, path, [])
      read(fields, found)
      found.objects.push(at(value, 'kind') === undefined ? { ...(value as object), kind } : value)
      for (const { path, complaint } of fields.mistakes)
        found.problems.push(problemAt(file, document.placeOf(path), path, complaint))
    }
  }
  return found
}

/** Lists, also those of one kind (PodList), whose items need not say what they are. */
function* objectsOf(
  value: unknown,
  path: Path,
  implied = '',
): Generator<{ value: unknown; kind: string; path: Path }> {
  if (!isFields(value)) return
  const said = at(value, 'kind')
  const kind = typeof said === 'string' ? said : implied
  if (kind !== 'List' && !(kind.endsWith('List') && Array.isArray(at(value, 'items')))) {
    yield { value, kind, path }
    return
  }
  for (const [i, item] of listAt(value, 'items').entries())
    yield* objectsOf(item, [...path, 'items', i], kind.slice(0, -'List'.length))
}

const readers: Record<string, (object: ManifestFields, into: Found) => void> = {
  Pod: readPod,
  Namespace: (object, { namespaces }) => {
    const name = object.required('metadata', 'name')
    if (name) namespaces.push({ name, labels: object.labels('metadata', 'labels') })
  },
  Node: (object, { nodes }) => {
    for (const one of object.list('status', 'addresses'))
      if (one.text('type') !== 'Hostname' && one.text('type')?.endsWith('DNS') !== true)
        nodes.push(...one.address('address'))
  },
  Service: readService,
  EndpointSlice: readSlice,
}

const nameOf = (object: ManifestFields) => ({
  namespace: object.text('metadata', 'namespace') ?? 'default',
  name: object.required('metadata', 'name'),
})

function readPod(object: ManifestFields, { pods, nodes }: Found): void {
  const containers = ['containers', 'initContainers'].flatMap((list) => object.list('spec', list))
  pods.push({
    namespace: object.text('metadata', 'namespace') ?? 'default',
    name: object.text('metadata', 'name') ?? '',
    labels: object.labels('metadata', 'labels'),
    addresses: [
      ...new Set([
        ...object.address('status', 'podIP'),
        ...object.list('status', 'podIPs').flatMap((one) => one.address('ip')),
      ]),
    ],
    hostNetwork: object.flag('spec', 'hostNetwork'),
    phase: object.text('status', 'phase') ?? '',
    ports: containers
      .flatMap((one) => one.list('ports'))
      .map((port) => ({
        name: port.text('name') ?? '',
        protocol: port.protocol('protocol'),
        port: port.port('containerPort') ?? 0,
      })),
  })
  nodes.push(
    ...object.address('status', 'hostIP'),
    ...object.list('status', 'hostIPs').flatMap((one) => one.address('ip')),
  )
}

function readService(object: ManifestFields, { services }: Found): void {
  const balanced = object
    .list('status', 'loadBalancer', 'ingress')
    .flatMap((one) => one.address('ip'))
  services.push({
    ...nameOf(object),
    addresses: [
      ...new Set([
        ...object.address('spec', 'clusterIP'),
        ...object.addresses('spec', 'clusterIPs'),
        ...object.addresses('spec', 'externalIPs'),
        ...balanced,
      ]),
    ],
    ports: object.list('spec', 'ports').flatMap((one) => {
      const port = one.port('port')
      const nodePort = one.port('nodePort')
      const targetPort = one.portOrName('targetPort') ?? port
      const protocol = one.protocol('protocol')
      if (port === undefined || targetPort === undefined) return []
      return [
        {
          name: one.text('name') ?? '',
          protocol,
          port,
          targetPort,
          ...(nodePort !== undefined && { nodePort }),
        },
      ]
    }),
    selector: object.has('spec', 'selector') ? object.labels('spec', 'selector') : null,
  })
}

function readSlice(object: ManifestFields, { slices }: Found): void {
  const service = object.text('metadata', 'labels', 'kubernetes.io/service-name')
  if (service === undefined) return // of no Service
  const named = object.text('addressType') === 'FQDN'
  slices.push({
    namespace: object.text('metadata', 'namespace') ?? 'default',
    service,
    ports: object.list('ports').map((one) => ({
      name: one.text('name') ?? '',
      protocol: one.protocol('protocol'),
      port: one.port('port') ?? null,
    })),
    addresses: named
      ? []
      : object.list('endpoints').flatMap((one) => {
          // A condition that is not said is true; what neither is ready nor serves while it ends is sent nothing.
          const ready = one.maybe('conditions', 'ready') ?? true
          const serving = one.maybe('conditions', 'serving') ?? ready
          return ready || serving ? one.addresses('addresses') : []
        }),
  })
}
