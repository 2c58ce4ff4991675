// SPDX-License-Identifier: Apache-2.0
// Which version of each policy is to be in force. A policy that does not load, or with which no plan can be made, is
// refused alone: its version before stays, all others go on. Pure, but for the clock that it is given.
import {
  isRuntime,
  loadObject,
  markOf,
  type NodePolicy,
  type RuntimeLike,
} from '../../../policies/src/index.ts'
import type { PolicyObject } from './slim.ts'

interface Version {
  object: PolicyObject
  loaded: RuntimeLike
}

interface Entry {
  uid: string
  key: string
  generation: number
  /** null: it did not load. */
  newest: Version | null
  inForce: Version | null
  /** Why the newest is not to be in force; `until`: then it is tried again. */
  failed: { reason: string; until: number } | null
}

/** What failed because of what else was there may do better later. */
const againMs = 60_000

const versionsIn = (entry: Entry): { entry: Entry; version: Version } | null => {
  const version = entry.failed === null ? entry.newest : entry.inForce
  return version && { entry, version }
}

export class PolicyVersions {
  private readonly entries = new Map<string, Entry>()
  /** What was offered last, and what is left out of the next offer until a plan without it is in force. */
  private offered = new Map<Entry, Version>()
  private held = new Set<Entry>()

  /** Answers whether anything is another. */
  update(objects: Iterable<PolicyObject>): boolean {
    let differs = false
    const there = new Set<string>()
    for (const object of objects) {
      const { uid, generation } = object.metadata
      there.add(uid)
      const known = this.entries.get(uid)
      if (known?.generation === generation) continue
      differs = true
      const { policy, problems } = loadObject(object, { enforceable: true })
      const newest = policy && isRuntime(policy) ? { object, loaded: policy } : null
      this.entries.set(uid, {
        uid,
        key: newest?.loaded.key ?? known?.key ?? nameOf(object),
        generation,
        newest,
        inForce: known?.inForce ?? null,
        failed: newest ? null : { reason: problems.join('; '), until: Infinity },
      })
    }
    for (const [uid] of this.entries) {
      if (there.has(uid)) continue
      this.entries.delete(uid)
      differs = true
    }
    return differs
  }

  /** What to make a plan of. `ready` false: not yet, so the version before stays. */
  offer(ready: (loaded: RuntimeLike) => boolean = () => true): RuntimeLike[] {
    this.offered = new Map()
    for (const entry of this.entries.values()) {
      const found = versionsIn(entry)
      const waits = this.held.has(entry) || (found && !ready(found.version.loaded))
      const version = waits ? entry.inForce : found?.version
      if (version) this.offered.set(entry, version)
    }
    return [...this.offered.values()].map(({ loaded }) => loaded)
  }

  /** What was offered is in force. Answers whether there is more to offer. */
  accepted(): boolean {
    for (const [entry, version] of this.offered) entry.inForce = version
    const more = this.held.size > 0
    this.held = new Set()
    return more
  }

  /** No plan could be made of it: what is new in it is halved until the one is found. Answers whether there is a next. */
  refused(reason: string, now: number): boolean {
    const fresh = [...this.offered].filter(([entry, version]) => entry.inForce !== version)
    if (fresh.length === 0) return false
    if (fresh.length === 1) {
      for (const [entry] of fresh) entry.failed = { reason, until: now + againMs }
      this.held = new Set()
    } else for (const [entry] of fresh.slice(fresh.length >> 1)) this.held.add(entry)
    return true
  }

  /** Those whose time has come are offered again. */
  retry(now: number): boolean {
    let some = false
    for (const entry of this.entries.values()) {
      if (entry.failed === null || entry.failed.until > now) continue
      entry.failed = null
      some = true
    }
    return some
  }

  /** Versions to go on with after a start without the cluster. */
  objects(): PolicyObject[] {
    return [...this.entries.values()].flatMap(({ inForce }) => (inForce ? [inForce.object] : []))
  }

  problems(): string[] {
    return [...this.entries.values()]
      .flatMap(({ key, failed }) => (failed ? [`${key}: ${failed.reason}`] : []))
      .sort()
  }

  /** Everything that is in force in its newest version. */
  marks(): number[] {
    return [...this.entries.values()].flatMap(({ uid, generation, inForce, failed }) =>
      failed === null && inForce?.object.metadata.generation === generation
        ? [markOf(uid, generation)]
        : [],
    )
  }

  /** As the cluster is told; `containers`: how many each policy selects here. */
  told(containers: ReadonlyMap<string, number>): NodePolicy[] {
    return [...this.entries.values()].flatMap((entry): NodePolicy[] => {
      const { uid, key: policy, newest, inForce, failed } = entry
      const mode = (inForce ?? newest)?.loaded.policy.spec.mode ?? 'audit'
      const older = inForce?.object.metadata.generation
      const common = { policy, uid, mode, containers: containers.get(policy) ?? 0 }
      if (failed === null && older === entry.generation)
        return [{ ...common, generation: older, state: 'inForce' }]
      return [
        {
          ...common,
          generation: entry.generation,
          state: 'failed',
          reason: failed?.reason ?? 'not in force yet: the pods that it speaks of are being read',
          ...(older !== undefined && { inForce: older }),
        },
      ]
    })
  }
}

const nameOf = ({ kind, metadata: { namespace, name } }: PolicyObject): string =>
  [kind, ...(kind === 'RuntimePolicy' ? [namespace ?? 'default'] : []), name].join('/')
