// SPDX-License-Identifier: Apache-2.0
// The agent's input from an API server: policies, the pods of this node, and who is at which address.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  indexCluster,
  readManifest,
  type ClusterIndex,
  type Namespace,
  type NodePolicy,
  type Pod,
  type RuntimeLike,
} from '../../../policies/src/index.ts'
import type { Cluster, Log, WatchTimes } from '../../../runtime/src/index.ts'
import { nodeAddresses } from '../identity/node-addresses.ts'
import { podFacts } from '../identity/pod-facts.ts'
import { knownPods, type KnownPod } from '../identity/pods.ts'
import type { Input, Memory, Source } from '../input.ts'
import { readKept, writeKept, writeKeptAside, type Kept, type KeptKind } from './kept.ts'
import { Knowledge } from './knowledge.ts'
import { PolicyVersions } from './versions.ts'
import type { OtherPod } from './slim.ts'

export interface ClusterSourceOptions {
  /** Without one, what was kept is all there is. */
  cluster: Cluster | null
  /** Name of this node, as its pods say it. */
  node: string
  /** Folder for what was known last. */
  keep: string
  log: Log
  signal: AbortSignal
  times?: Partial<WatchTimes>
  /** While it is so, nothing changes. */
  frozen?: () => boolean
  /** How long to wait for the API server before what was kept is used. */
  patienceMs?: number
}

interface Seen {
  revision: number
  here: string
}

const keepMs = 5000
const notKept = 'what is known could not be kept for the next start'
const needed: readonly KeptKind[] = ['policies', 'pods', 'namespaces', 'services', 'slices']

export class ClusterSource implements Source {
  private readonly options: ClusterSourceOptions
  private readonly knowledge: Knowledge
  private readonly versions = new PolicyVersions()
  private readonly listeners = new Set<() => void>()
  private revision = 1
  private ready: Promise<void> | undefined
  /** Until what was known is written. */
  private keeping: NodeJS.Timeout | undefined
  private unkept = false
  private pods = new Map<
    Pod,
    { namespace: Namespace | undefined; here: string; known: KnownPod[] }
  >()
  private index: { of: string; cluster: ClusterIndex } | undefined
  private addresses = 0

  constructor(options: ClusterSourceOptions) {
    this.options = options
    const { cluster, node, keep, log, signal, times } = options
    this.knowledge = new Knowledge({
      ...{ cluster, node, log, signal, ...(times && { times }) },
      kept: readKept(keep, node, log),
      changed: (kind) => this.changed(kind),
    })
    signal.addEventListener('abort', () => clearTimeout(this.keeping), { once: true })
  }

  async read(_: Memory, seen?: unknown): Promise<Input | null> {
    await (this.ready ??= this.begin())
    // fail closed: an uninstall deletes policies as well, and only the one who asked for it may open the node.
    if (seen !== undefined && this.options.frozen?.()) return null
    if (this.versions.retry(Date.now())) this.revision++
    const addresses = nodeAddresses()
    const documents: Seen = { revision: this.revision, here: addresses.join() }
    const before = seen as Seen | undefined
    if (before?.revision === documents.revision && before.here === documents.here) return null
    this.versions.update(this.knowledge.all('policies'))
    const policies = this.versions.offer((loaded) => this.isReady(loaded))
    return {
      documents,
      policies,
      pods: this.knownPods(addresses),
      cluster: this.clusterIndex(addresses),
      problems: [],
      refused: this.versions.problems(),
    }
  }

  onChange(tell: () => void): () => void {
    this.listeners.add(tell)
    return () => this.listeners.delete(tell)
  }

  outcome(problem: string | null): boolean {
    const again =
      problem === null ? this.versions.accepted() : this.versions.refused(problem, Date.now())
    if (again) this.revision++
    this.keepSoon()
    return again
  }

  policyStates(containers: ReadonlyMap<string, number>): NodePolicy[] {
    return this.versions.told(containers)
  }

  /** Of every policy that is in force in its newest version. */
  marks(): number[] {
    return this.versions.marks()
  }

  live(): Record<string, boolean> {
    return this.knowledge.live()
  }

  silence(): ReadonlyMap<KeptKind, number | null> {
    return this.knowledge.silence()
  }

  /** Whether there is something to work from, before anybody answers. */
  isKept(): boolean {
    return needed.every((kind) => this.knowledge.isKnown(kind))
  }

  /** Writes what is known, at the end of the agent. */
  keep(): void {
    clearTimeout(this.keeping)
    const { keep, node } = this.options
    try {
      this.tellLeft(writeKept(keep, node, this.kept()))
    } catch (err) {
      this.options.log.error({ err }, notKept)
    }
  }

  /** The same soon after each change, one at a time. */
  private async keepAside(): Promise<void> {
    const { keep, node, log, signal } = this.options
    this.unkept = false
    try {
      this.tellLeft(await writeKeptAside(keep, node, this.kept(), () => signal.aborted))
    } catch (err) {
      log.error({ err }, notKept)
    }
    this.keeping = undefined
    if (this.unkept && !signal.aborted) this.keepSoon()
  }

  private tellLeft(left: KeptKind[]): void {
    if (left.length > 0)
      this.options.log.warn({ left }, 'too much to keep for a start without API server')
  }

  private kept(): Kept {
    const kept: Record<string, readonly unknown[]> = {}
    for (const kind of ['pods', 'namespaces', 'services', 'slices', 'others'] as const)
      if (this.knowledge.isKnown(kind)) kept[kind] = this.knowledge.all(kind)
    if (this.knowledge.isKnown('policies')) kept.policies = this.versions.objects()
    return kept
  }

  /** Resolves when there is something to work from. */
  private async begin(): Promise<void> {
    const { cluster, log, signal, patienceMs = 1000 } = this.options
    if (!cluster) return
    const live = this.knowledge.whenLive(needed)
    if (this.isKept()) {
      await Promise.race([live, sleep(patienceMs, undefined, { signal, ref: false })])
      const missing = Object.entries(this.knowledge.live()).filter(([, told]) => !told)
      if (missing.length > 0)
        log.warn(
          { kinds: missing.map(([kind]) => kind) },
          'the API server did not answer yet, going on with what was known last',
        )
    } else {
      // fail closed: nothing known is not an empty cluster; what an agent before us put in force stays until then.
      log.info('nothing is known of the cluster yet, waiting for its API server')
      await Promise.race([live, ended(signal)])
    }
  }

  private changed(kind: KeptKind): void {
    this.revision++
    if (kind !== 'policies') this.addresses++
    for (const tell of this.listeners) tell()
    this.keepSoon()
  }

  private keepSoon(): void {
    this.unkept = true
    this.keeping ??= setTimeout(() => void this.keepAside(), keepMs).unref()
  }

  /** Pods of other nodes are watched from the first policy on that asks for pods; it comes in force when they are known. */
  private isReady({ policy }: RuntimeLike): boolean {
    if (!asksForPods(policy.spec)) return true
    this.knowledge.begin('others')
    return this.knowledge.isKnown('others')
  }

  private knownPods(here: readonly string[]): KnownPod[] {
    const namespaces = new Map(this.knowledge.all('namespaces').map((one) => [one.name, one]))
    const told = here.join()
    const earlier = this.pods
    this.pods = new Map()
    return this.knowledge.all('pods').flatMap((object) => {
      const name = (object.metadata as { namespace?: string } | undefined)?.namespace ?? 'default'
      const namespace = namespaces.get(name)
      const before = earlier.get(object)
      const known =
        before?.namespace === namespace && before?.here === told
          ? before.known
          : knownPods(object, namespaces).map((pod) => {
              const facts = podFacts(pod.manifest, here)
              return facts ? { ...pod, facts } : pod
            })
      this.pods.set(object, { namespace, here: told, known })
      return known
    })
  }

  private clusterIndex(here: readonly string[]): ClusterIndex {
    const of = `${this.addresses} ${here.join()}`
    if (this.index?.of === of) return this.index.cluster
    const { knowledge } = this
    const ours = knowledge.all('pods').map((pod) => readManifest(pod))
    const others: readonly OtherPod[] = knowledge.all('others')
    const cluster = indexCluster({
      pods: [...ours.flatMap(({ pods }) => pods), ...others.map(({ pod }) => pod)],
      namespaces: knowledge.all('namespaces'),
      services: knowledge.all('services'),
      slices: knowledge.all('slices'),
      nodes: [
        ...new Set([
          ...ours.flatMap(({ nodes }) => nodes),
          ...others.flatMap(({ nodes }) => nodes),
        ]),
      ],
      here,
    })
    this.index = { of, cluster }
    return cluster
  }
}

const ended = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const end = () => reject(new Error('stopped while waiting for the API server'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })

/** Some peer of it is named by what it is. */
function asksForPods(value: unknown, isPeer = false): boolean {
  if (Array.isArray(value)) return value.some((one) => asksForPods(one, isPeer))
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  if (isPeer && (fields.pods || fields.namespaces || fields.services)) return true
  return Object.entries(fields).some(
    ([name, one]) => name !== 'select' && asksForPods(one, name === 'to' || name === 'from'),
  )
}
