// SPDX-License-Identifier: Apache-2.0
// Where the webhook gets what it knows from: files now, a watch of the cluster as well. Whoever fills it does
// so beside the requests; a request only reads what is there, and never waits.

import type { Knowledge } from './judge.ts'

/** What is known, without what each request brings itself. */
export type Facts = Omit<Knowledge, 'today' | 'expected'>

export type KnowledgeSource = {
  /** Null when everything has been read at least once, else what is missing. */
  ready: () => string | null
  /** The newest that is known. Made once for each change, not for each call. */
  current: () => Facts
}

/** Facts that never change: for tests, and for what is read once. */
export function fixedKnowledge(facts: Partial<Facts>): KnowledgeSource {
  const all: Facts = { policies: [], namespaces: new Map(), injectors: [], settings: {}, ...facts }
  return { ready: () => null, current: () => all }
}
