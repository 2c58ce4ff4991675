// SPDX-License-Identifier: Apache-2.0
// What is known of the cluster: from its API server as soon as that has told everything of a kind, from what was kept
// until then. What is known stays known while the API server is away.
import type { ClusterService, EndpointSlice, Namespace, Pod } from '../../../policies/src/index.ts'
import {
  watchObjects,
  type Cluster,
  type Log,
  type Watch,
  type WatchedObject,
  type WatchTimes,
} from '../../../runtime/src/index.ts'
import { keptKinds, type Kept, type KeptKind } from './kept.ts'
import {
  slimNamespace,
  slimOther,
  slimPod,
  slimPolicy,
  slimService,
  slimSlice,
  type OtherPod,
  type PolicyObject,
} from './slim.ts'

export interface Known {
  policies: PolicyObject
  pods: Pod
  namespaces: Namespace
  services: ClusterService
  slices: EndpointSlice
  others: OtherPod
}

export interface KnowledgeOptions {
  /** Without one, what was kept is all there is. */
  cluster: Cluster | null
  node: string
  kept: Kept | null
  log: Log
  signal: AbortSignal
  changed: (kind: KeptKind) => void
  times?: Partial<WatchTimes>
}

interface What {
  kind: KeptKind
  path: string
  fieldSelector?: string
  slim: Slim
}
type Slim = (this: void, object: WatchedObject) => unknown

const own = '/apis/underpin.dev/v1alpha1'
const over = 'status.phase!=Succeeded,status.phase!=Failed'

const whatOf = (node: string): What[] => [
  {
    kind: 'policies',
    path: `${own}/clusterruntimepolicies`,
    slim: slimPolicy('ClusterRuntimePolicy'),
  },
  { kind: 'policies', path: `${own}/runtimepolicies`, slim: slimPolicy('RuntimePolicy') },
  { kind: 'pods', path: '/api/v1/pods', fieldSelector: `spec.nodeName=${node}`, slim: slimPod },
  { kind: 'namespaces', path: '/api/v1/namespaces', slim: slimNamespace },
  { kind: 'services', path: '/api/v1/services', slim: slimService },
  { kind: 'slices', path: '/apis/discovery.k8s.io/v1/endpointslices', slim: slimSlice },
  {
    kind: 'others',
    path: '/api/v1/pods',
    fieldSelector: `spec.nodeName!=${node},${over}`,
    slim: slimOther,
  },
]

/** Small pages: a page as text and objects is the most memory that is ever used at once. */
const pageSize = 100

interface Kind {
  watches: { watch: Watch<unknown>; state: 'none' | 'absent' | 'listed' }[]
  kept: readonly unknown[] | undefined
}

export class Knowledge {
  private readonly options: KnowledgeOptions
  private readonly kinds = new Map<KeptKind, Kind>()
  private waiting: { kinds: readonly KeptKind[]; done: () => void }[] = []

  constructor(options: KnowledgeOptions) {
    this.options = options
    for (const kind of keptKinds) if (kind !== 'others') this.begin(kind)
  }

  /** Watches this kind as well, from now on. */
  begin(kind: KeptKind): void {
    if (this.kinds.has(kind)) return
    const { cluster, node, kept, log, signal, times, changed } = this.options
    const known: Kind = { watches: [], kept: kept?.[kind] }
    this.kinds.set(kind, known)
    if (!cluster) return
    for (const what of whatOf(node)) {
      if (what.kind !== kind) continue
      const { path, fieldSelector } = what
      const steady = steadily(what.slim)
      const state: Kind['watches'][number] = { watch: none, state: 'none' }
      known.watches.push(state)
      state.watch = watchObjects<unknown>(
        cluster,
        {
          path,
          pageSize,
          slim: steady.slim,
          ...(fieldSelector !== undefined && { fieldSelector }),
        },
        {
          log,
          signal,
          ...(times && { times }),
          changed: (objects, { uid }) => {
            if (steady.differs(objects, uid)) changed(kind)
          },
          synced: (served) => {
            const before = this.isLive(kind)
            state.state = served ? 'listed' : state.state === 'listed' ? 'listed' : 'absent'
            if (!before && this.isLive(kind)) {
              known.kept = undefined
              changed(kind)
            }
            this.settle()
          },
        },
      )
    }
  }

  /** What the API server said, or what was kept. fail closed: a kind that it does not serve takes nothing from that. */
  all<K extends KeptKind>(kind: K): readonly Known[K][] {
    const known = this.kinds.get(kind)
    if (!known) return []
    const found = this.isLive(kind)
      ? known.watches.flatMap(({ watch }) => [...watch.objects.values()])
      : (known.kept ?? [])
    return found as Known[K][]
  }

  /** The API server has told it all; what it does not serve there is none of, unless some was kept. */
  private isLive(kind: KeptKind): boolean {
    const known = this.kinds.get(kind)
    if (!known || known.watches.length === 0) return false
    const told = known.kept && known.kept.length > 0 ? ['listed'] : ['listed', 'absent']
    return known.watches.every(({ state }) => told.includes(state))
  }

  isKnown(kind: KeptKind): boolean {
    return this.isLive(kind) || this.kinds.get(kind)?.kept !== undefined
  }

  live(): Record<string, boolean> {
    return Object.fromEntries([...this.kinds.keys()].map((kind) => [kind, this.isLive(kind)]))
  }

  /** Seconds since the API server last said anything, by kind; null: never. */
  silence(now = Date.now()): Map<KeptKind, number | null> {
    return new Map(
      [...this.kinds].map(([kind, { watches }]) => {
        const heard = Math.min(...watches.map(({ watch }) => watch.heard()))
        return [kind, heard === 0 ? null : (now - heard) / 1000]
      }),
    )
  }

  /** Resolves when the API server has told all of these. */
  async whenLive(kinds: readonly KeptKind[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.waiting.push({ kinds, done: resolve })
    this.settle()
    return promise
  }

  private settle(): void {
    this.waiting = this.waiting.filter(({ kinds, done }) => {
      if (!kinds.every((kind) => this.isLive(kind))) return true
      done()
      return false
    })
  }
}

const none: Watch<unknown> = {
  objects: new Map(),
  isSynced: () => false,
  heard: () => 0,
  ended: Promise.resolve(),
}

/** An object that is the same as before after slimming is the same object, and no change. */
function steadily(slim: Slim) {
  const shown = new Map<string, unknown>()
  return {
    slim: (object: WatchedObject): unknown => {
      const before = shown.get(object.metadata.uid)
      const now = slim(object)
      return before !== undefined && JSON.stringify(now) === JSON.stringify(before) ? before : now
    },
    differs(objects: ReadonlyMap<string, unknown>, uid: string | undefined): boolean {
      let differs = false
      const look = (one: string) => {
        const now = objects.get(one)
        if (now === shown.get(one)) return
        differs = true
        if (now === undefined) shown.delete(one)
        else shown.set(one, now)
      }
      if (uid !== undefined) look(uid)
      else for (const one of new Set([...objects.keys(), ...shown.keys()])) look(one)
      return differs
    },
  }
}
