// SPDX-License-Identifier: Apache-2.0
// Plan × Plan → steps, ordered so that nothing is looser for a moment than both plans are: what tightens comes first.
import type { Plan, Ruleset } from './compile.ts'
import { noPeers } from './peers.ts'

export interface Steps {
  /** Digests of rulesets to write before anything points to them. */
  write: string[]
  /** Bindings that come new. */
  bind: string[]
  /** Bindings that get another ruleset, those first that deny more than before. */
  switch: { binding: string; ruleset: string; tightens: boolean }[]
  pods: { set: [uid: string, binding: string][]; delete: string[] }
  /** The cgroup patterns changed. */
  patterns: boolean
  /** Which cgroup is a subject, or what those without a pod are bound by, may have changed: look at every cgroup. */
  rebind: boolean
  retire: { bindings: string[]; rulesets: string[] }
}

export function diff(before: Plan | null, after: Plan): Steps {
  const old = before ?? emptyPlan
  // Without a plan before it, nobody knows what patterns the kernel has.
  const patterns = before === null || textOfPatterns(old) !== textOfPatterns(after)
  const set = [...after.pods].filter(([uid, binding]) => old.pods.get(uid) !== binding)
  const gone = [...old.pods.keys()].filter((uid) => !after.pods.has(uid))
  const changed = [...after.bindings].flatMap(([binding, { ruleset }]) => {
    const was = old.bindings.get(binding)
    if (!was || was.ruleset === ruleset) return []
    return [
      {
        binding,
        ruleset,
        tightens: tightens(old.rulesets.get(was.ruleset), after.rulesets.get(ruleset)),
      },
    ]
  })
  return {
    write: [...after.rulesets.keys()].filter((digest) => !old.rulesets.has(digest)),
    bind: [...after.bindings.keys()].filter((key) => !old.bindings.has(key)),
    switch: changed.sort((a, b) => Number(b.tightens) - Number(a.tightens)),
    pods: { set, delete: gone },
    patterns,
    rebind: patterns || old.container !== after.container || old.pending !== after.pending,
    retire: {
      bindings: [...old.bindings.keys()].filter((key) => !after.bindings.has(key)),
      rulesets: [...old.rulesets.keys()].filter((digest) => !after.rulesets.has(digest)),
    },
  }
}

export const emptyPlan: Plan = {
  policies: [],
  rulesets: new Map(),
  bindings: new Map(),
  pods: new Map(),
  automaton: [],
  accepts: new Map(),
  container: '',
  pending: '',
  handover: '',
  peers: noPeers,
}

const textOfPatterns = (plan: Plan) =>
  JSON.stringify([plan.automaton.map((s) => [[...s.next], s.accepts]), [...plan.accepts]])

/** Whether something may be denied that was allowed. Sure only when it says no; then the switch merely loosens. */
export function tightens(before: Ruleset | undefined, after: Ruleset | undefined): boolean {
  if (!before || !after) return true
  const denied = new Set(before.denies)
  if (after.denies.some((line) => !denied.has(line))) return true
  const restricting = (ruleset: Ruleset) =>
    Object.entries(ruleset.restricts).flatMap(([about, by]) => (by.enforced === null ? [] : about))
  const earlier = new Set(restricting(before))
  const now = restricting(after)
  if (now.some((about) => !earlier.has(about))) return true
  const allowed = new Set(after.allows)
  return now.length > 0 && before.allows.some((line) => !allowed.has(line))
}
