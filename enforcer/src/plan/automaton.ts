// SPDX-License-Identifier: Apache-2.0
// Patterns → one deterministic automaton, which the kernel walks a byte at a time: its cost does not grow with the
// number of patterns. Thompson's construction, then the subset construction, bounded in states.
import { UnderpinError } from '../../../runtime/src/index.ts'

/** What one pattern is made of. */
export type Part =
  | { any: true } // one byte
  | { bytes: Uint8Array } // one of these bytes
  | { sequence: Part[] }
  | { choice: Part[] }
  | { repeat: Part } // any number of times, also none

export interface Pattern {
  part: Part
  /** What it means when this pattern accepts; several patterns may accept the same text. */
  means: number
  /** In a search: the text begins with it. */
  first?: true
}

export interface State {
  /** Per byte: index of the next state, -1 for none. */
  next: Int32Array
  /** Meanings of the patterns that accept here, sorted. */
  accepts: number[]
}

interface Node {
  edges: { on: Uint8Array | null; to: number }[] // null: any byte
  epsilon: number[]
  means: number | null
}

export const text = (value: string): Part => ({
  sequence: [...Buffer.from(value)].map((byte) => ({ bytes: Uint8Array.of(byte) })),
})

/** States of the automaton, the start first. `search`: the pattern may start anywhere, and accepting is final. */
export function buildAutomaton(
  patterns: readonly Pattern[],
  options: { search: boolean; limit: number; what: string },
): State[] {
  const nodes: Node[] = []
  const node = (means: number | null = null) => nodes.push({ edges: [], epsilon: [], means }) - 1
  const start = node()
  const anywhere = node()
  nodes[start]?.epsilon.push(anywhere)
  if (options.search) nodes[anywhere]?.edges.push({ on: null, to: anywhere })
  for (const { part, means, first } of patterns)
    nodes[first ? start : anywhere]?.epsilon.push(build(nodes, node, part, node(means)))
  return determine(nodes, start, options)
}

/** Adds `part` in front of `to`; answers where it begins. */
function build(nodes: Node[], node: () => number, part: Part, to: number): number {
  const edge = (on: Uint8Array | null) => {
    const at = node()
    nodes[at]?.edges.push({ on, to })
    return at
  }
  if ('any' in part) return edge(null)
  if ('bytes' in part) return edge(part.bytes)
  if ('sequence' in part)
    return part.sequence.reduceRight((next, item) => build(nodes, node, item, next), to)
  const at = node()
  if ('choice' in part) {
    for (const item of part.choice) nodes[at]?.epsilon.push(build(nodes, node, item, to))
    return at
  }
  nodes[at]?.epsilon.push(to, build(nodes, node, part.repeat, at))
  return at
}

function closure(nodes: Node[], from: Iterable<number>): number[] {
  const seen = new Set<number>()
  const stack = [...from]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    stack.push(...(nodes[at]?.epsilon ?? []))
  }
  return [...seen].sort((a, b) => a - b)
}

function determine(
  nodes: Node[],
  start: number,
  { search, limit, what }: { search: boolean; limit: number; what: string },
): State[] {
  const states: State[] = []
  const known = new Map<string, number>()
  const sets: number[][] = []
  const stateOf = (set: number[]): number => {
    const means = new Set(
      set.map((at) => nodes[at]?.means).filter((m) => m !== null && m !== undefined),
    )
    // What a search has found stays found: one state for each meaning.
    const name = search && means.size > 0 ? `found ${[...means].join()}` : set.join()
    const found = known.get(name)
    if (found !== undefined) return found
    if (states.length >= limit)
      throw new UnderpinError('input-too-large', {
        operation: `compile ${what}`,
        found: `patterns that need more than ${limit} states`,
        expected: `at most ${limit}`,
        remedy: 'use fewer or simpler patterns',
      })
    states.push({ next: new Int32Array(256).fill(-1), accepts: [...means].sort((a, b) => a - b) })
    sets.push(set)
    known.set(name, states.length - 1)
    return states.length - 1
  }
  stateOf(closure(nodes, [start]))
  for (let at = 0; at < states.length; at++) {
    const state = states[at] as State
    if (search && state.accepts.length > 0) {
      state.next.fill(at) // what was seen stays seen
      continue
    }
    const edges = (sets[at] as number[]).flatMap((n) => nodes[n]?.edges ?? [])
    const always = edges.filter((e) => e.on === null).map((e) => e.to)
    const perByte = new Map<number, number[]>()
    for (const { on, to } of edges)
      for (const byte of on ?? []) perByte.set(byte, [...(perByte.get(byte) ?? []), to])
    if (always.length > 0) state.next.fill(stateOf(closure(nodes, always)))
    const made = new Map<string, number>() // most bytes lead where others do
    for (const [byte, targets] of perByte) {
      const name = targets.join()
      const next = made.get(name) ?? stateOf(closure(nodes, [...always, ...targets]))
      made.set(name, next)
      state.next[byte] = next
    }
  }
  return states
}

/** What the patterns say of a text; for user space, and for tests. */
export function run(states: readonly State[], input: Uint8Array): number[] {
  let at = 0
  for (const byte of input) {
    at = states[at]?.next[byte] ?? -1
    if (at < 0) return []
  }
  return states[at]?.accepts ?? []
}
