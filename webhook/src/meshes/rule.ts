// SPDX-License-Identifier: Apache-2.0
// A rule is a question with its source and an answer; a gate is a list of rules in the injector's order.
// The list that decides is the list that is told: every question asked leaves a step.

import type { FindingId } from '../catalogue.ts'
import type { Hit } from '../finding.ts'
import type { Gate, Step } from '../step.ts'
import type { Settings } from './settings.ts'
import type { MeshInput } from './mesh.ts'
import { holdsFor, spanText, type Span } from './version.ts'

/** Without hits and without `injects` the next rule is asked. */
export type Answer = {
  answer: Step['answer']
  /** Field path and the value found there, or what was assumed. */
  input: string
  /** What the answer makes of the pod: the effect of its findings. Empty: nothing. */
  hits?: readonly Hit[]
  /** The injector adds its sidecar, whatever later rules would say. */
  injects?: boolean
  assumed?: readonly string[]
}

export type Rule<S extends Settings = Settings> = Span & {
  /** One sentence that ends with a question mark. */
  question: string
  /** Project, file, function and versions. */
  source: string
  // A method, so that a mesh's rules over its own settings fit into the list of all meshes.
  ask(input: MeshInput<S>): Answer
}

export const no = (input: string): Answer => ({ answer: 'no', input })
export const yes = (input: string): Answer => ({ answer: 'yes', input })
export const injects = (input: string): Answer => ({ answer: 'yes', input, injects: true })
export const stops = (input: string, ...hits: readonly Hit[]): Answer => ({
  answer: 'yes',
  input,
  hits,
})
export const unknown = (input: string, ...assumed: readonly string[]): Answer => ({
  answer: 'unknown',
  input,
  assumed,
})

/** A rule of the kind "is this as it should be?": no hits means yes. */
export function sound<S extends Settings>(
  question: string,
  source: string,
  find: (input: MeshInput<S>) => readonly Hit[],
  span: Span = {},
): Rule<S> {
  return {
    question,
    source,
    ...span,
    ask: (input) => {
      const hits = find(input)
      return hits.length === 0
        ? yes('nothing found against it')
        : { answer: 'no', input: hits.map(({ path }) => path || 'the object').join(', '), hits }
    },
  }
}

/** A rule that keeps the sidecar out when it finds something; `look` tells what it looked at. */
export function when<S extends Settings>(
  question: string,
  source: string,
  look: (input: MeshInput<S>) => string,
  find: (input: MeshInput<S>) => Hit | null,
  span: Span = {},
): Rule<S> {
  return {
    question,
    source,
    ...span,
    ask: (input) => {
      const hit = find(input)
      return hit === null ? no(look(input)) : stops(look(input), hit)
    },
  }
}

/** Value at a path for a step's input: `spec.hostNetwork: true`, or "not set". */
export function shown(path: string, value: unknown): string {
  if (value === undefined) return `${path}: not set`
  const words = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? '')
  return `${path}: ${words.slice(0, 120)}`
}

/** Collects the steps; null when nobody asked for them. */
export type Trail = Step[] | null

export type Outcome = { hits: Hit[]; injects: boolean; assumed: string[] }

/**
 * first: the first rule that decides ends it. all: every rule is asked, each that stops alone is enough,
 * and the first of them is the reason.
 */
export function askInOrder<S extends Settings>(
  rules: readonly Rule<S>[],
  input: MeshInput<S>,
  how: { gate: Gate; mode: 'first' | 'all'; title: string; trail: Trail },
): Outcome {
  const outcome: Outcome = { hits: [], injects: false, assumed: [] }
  for (const rule of rules) {
    const holds = holdsFor(rule, input.settings.version)
    if (holds === false) continue
    const given = rule.ask(input)
    const hits = given.hits ?? []
    // fail closed: with an unknown version a rule may keep the sidecar out, but not put it in.
    const puts = given.injects === true && hits.length === 0 && holds === true
    const decides = (hits.length > 0 || puts) && outcome.hits.length === 0 && !outcome.injects
    how.trail?.push(stepOf(rule, how.gate, given, decides, hits[0]?.id))
    outcome.assumed.push(...(given.assumed ?? []))
    if (holds === null && hits.length > 0) {
      outcome.assumed.push(`${how.title} is ${spanText(rule)} (its version is not known)`)
    }
    outcome.hits.push(...hits)
    outcome.injects ||= puts
    if (how.mode === 'first' && (hits.length > 0 || puts)) break
  }
  return outcome
}

function stepOf(
  { question, source }: { question: string; source: string },
  gate: Gate,
  { answer, input }: Answer,
  decides: boolean,
  id: FindingId | undefined,
): Step {
  const step: Step = { gate, rule: question, source, input, answer, decides }
  return id === undefined ? step : { ...step, id }
}
