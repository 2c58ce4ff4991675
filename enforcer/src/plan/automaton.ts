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
    for (const next of nodes[at]?.epsilon ?? []) stack.push(next)
  }
  return [...seen].sort((a, b) => a - b)
}

/** Bytes that no edge tells apart, together: most patterns know a few letters, and each of 256 bytes has its next state. */
function byteClasses(nodes: readonly Node[]): number[][] {
  let classes: number[][] = [Array.from({ length: 256 }, (_, byte) => byte)]
  const sets = new Map(
    nodes.flatMap(({ edges }) => edges.flatMap(({ on }) => (on ? [[on.join(), on]] : []))),
  )
  for (const bytes of sets.values()) {
    const within = new Set(bytes)
    classes = classes
      .flatMap((one) => [one.filter((b) => within.has(b)), one.filter((b) => !within.has(b))])
      .filter((one) => one.length > 0)
  }
  return classes
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
  const classes = byteClasses(nodes)
  const classOf: number[] = []
  for (const [one, bytes] of classes.entries()) for (const byte of bytes) classOf[byte] = one
  const edges = nodes.map(({ edges }) =>
    edges.map(({ on, to }) => ({
      on: on && new Set(Array.from(on, (byte) => classOf[byte] as number)),
      to,
    })),
  )
  const led = new Map<string, number>() // most states and bytes lead where others do
  stateOf(closure(nodes, [start]))
  for (let at = 0; at < states.length; at++) {
    const state = states[at] as State
    if (search && state.accepts.length > 0) {
      state.next.fill(at) // what was seen stays seen
      continue
    }
    const always: number[] = []
    const perClass = new Map<number, number[]>()
    for (const node of sets[at] as number[])
      for (const { on, to } of edges[node] ?? [])
        if (on === null) always.push(to)
        else
          for (const one of on) {
            const targets = perClass.get(one)
            if (targets) targets.push(to)
            else perClass.set(one, [to])
          }
    if (always.length > 0) state.next.fill(stateOf(closure(nodes, always)))
    for (const [one, targets] of perClass) {
      const all = [...always, ...targets]
      const name = all.join()
      const next = led.get(name) ?? stateOf(closure(nodes, all))
      led.set(name, next)
      for (const byte of classes[one] as number[]) state.next[byte] = next
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
