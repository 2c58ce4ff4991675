// SPDX-License-Identifier: Apache-2.0
// CEL expressions: typed variables, RE2 for matches(), and bounds on length, work and time.
// What an expression did wrong is told by kind and position, never with the data it looked at (that may be a Secret).
import { Environment, EvaluationError, TypeError as CelTypeError } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { BudgetExhausted, meter, settle, stepsOf, type Budget, type Step } from './cel-budget.ts'
import { toCel } from './cel-value.ts'
import { complain, isComplaint, type Complaint } from './complaint.ts'
import { faultOf, refusal, type Fault } from './expression-fault.ts'
import type { Namespace } from './labels.ts'
import { within } from './watchdog.ts'

export const limits = {
  length: 10_000,
  /** Units of work without a watchdog; more than any sensible expression needs for a pod. */
  light: 20_000,
  work: 1_000_000,
  milliseconds: 250,
  pattern: 1_000,
} as const

export type Outcome = { result: boolean } | { fault: Fault }

export type Prediction = { verdict: string; reason: string }
export type SelectionVariables = { pod: unknown; namespace: Namespace }
export type CheckVariables = {
  object: unknown
  oldObject: unknown
  request: unknown
  namespace: Namespace
  predictions: Readonly<Record<string, Prediction>>
}

type Variables = Record<string, unknown>
type Program = (variables: Variables) => Outcome
export type ExpressionUse = 'selection' | 'check'

/** With a declared type, a misspelt field of a prediction is found when the policy is loaded. */
class CelPrediction {
  verdict: string
  reason: string
  constructor({ verdict, reason }: Prediction) {
    this.verdict = verdict
    this.reason = reason
  }
}

const variableNames: Record<ExpressionUse, string[]> = {
  selection: ['pod', 'namespaceObject'],
  check: ['object', 'oldObject', 'request', 'namespaceObject', 'predictions'],
}

const environments: Record<ExpressionUse, Environment> = {
  selection: environment().registerVariable('pod', 'dyn'),
  check: environment()
    .registerVariable('object', 'dyn')
    .registerVariable('oldObject', 'dyn')
    .registerVariable('request', 'dyn')
    .registerType('Prediction', {
      ctor: CelPrediction,
      fields: { verdict: 'string', reason: 'string' },
    })
    .registerVariable('predictions', 'map<string, Prediction>'),
}

function environment(): Environment {
  return new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 2_000, maxDepth: 64 },
  })
    .registerVariable('namespaceObject', {
      schema: { metadata: { name: 'string', labels: 'map<string, string>' } },
    })
    .registerFunction('string.__matches(string): bool', matches, { async: false })
    .registerFunction('matches(string, string): bool', matches, { async: false })
}

/** Checks an expression of a policy. */
export function readExpression(use: ExpressionUse, text: string): { text: string } | Complaint {
  const program = compiled(use, text)
  return isComplaint(program) ? program : { text }
}

/** Does the policy with this expression select this pod? */
export function evaluateSelection(text: string, { pod, namespace }: SelectionVariables): Outcome {
  return run('selection', text, () => ({
    pod: toCel(pod),
    namespaceObject: namespaceObject(namespace),
  }))
}

/** Does the workload pass this check of a CoveragePolicy? */
export function evaluateCheck(text: string, variables: CheckVariables): Outcome {
  return run('check', text, () => ({
    object: toCel(variables.object),
    oldObject: toCel(variables.oldObject),
    request: toCel(variables.request),
    namespaceObject: namespaceObject(variables.namespace),
    predictions: new Map(
      Object.entries(variables.predictions).map(([mesh, one]) => [mesh, new CelPrediction(one)]),
    ),
  }))
}

/** The part of the Namespace that expressions may ask for, under the name Kubernetes gives it in admission policies. */
function namespaceObject({ name, labels = {} }: Namespace): unknown {
  return { metadata: { name, labels: new Map(Object.entries(labels)) } }
}

function run(use: ExpressionUse, text: string, variables: () => Variables): Outcome {
  const program = compiled(use, text)
  if (isComplaint(program)) return { fault: { message: program.found, line: 1, column: 1 } }
  try {
    return program(variables())
  } catch (error) {
    return { fault: faultOf(error, text) } // data nested too deeply to convert
  }
}

const programs = new Map<string, Program | Complaint>()

/** What the evaluation under way may still spend; evaluations never overlap. */
const running: Budget = { left: 0 }

function compiled(use: ExpressionUse, text: string): Program | Complaint {
  const key = `${use} ${text}`
  const known = programs.get(key)
  if (known) return known
  const program = compile(use, text)
  if (programs.size >= 1_000) programs.clear()
  programs.set(key, program)
  return program
}

function compile(use: ExpressionUse, text: string): Program | Complaint {
  if (text.length > limits.length)
    return complain(
      `an expression of ${text.length} characters`,
      `at most ${limits.length}`,
      'split the policy',
    )
  try {
    const parsed = environments[use].parse(text)
    const root = parsed.ast as unknown as Step
    useRe2(root)
    const { valid, type, error } = parsed.check()
    if (!valid) return refusal(variableNames[use], text, error)
    if (type !== 'bool' && type !== 'dyn')
      return complain(
        `an expression of type ${type ?? 'unknown'}`,
        'true or false',
        'compare it with something',
      )
    meter(root, running)
    return (variables) => evaluate(parsed, text, variables)
  } catch (error) {
    return refusal(variableNames[use], text, error)
  }
}

function evaluate(
  parsed: (variables: Variables) => unknown,
  text: string,
  variables: Variables,
): Outcome {
  const attempt = (work: number): Outcome => {
    running.left = work
    const result = parsed(variables)
    settle(running)
    if (typeof result === 'boolean') return { result }
    return { fault: { message: 'the result is not true or false', line: 1, column: 1 } }
  }
  try {
    try {
      return attempt(limits.light)
    } catch (error) {
      if (!(error instanceof BudgetExhausted)) throw error
      // An expression changes nothing, so it can begin again, with more to spend and under the watchdog.
      return within(limits.milliseconds, () => attempt(limits.work))
    }
  } catch (error) {
    return { fault: faultOf(error, text) }
  }
}

// --- regular expressions

const patterns = new Map<string, RE2JS>()

/** RE2 takes time in proportion to the text; the library's own matches() can take forever. */
function matches(text: string, pattern: string): boolean {
  running.left -= (text.length * pattern.length) >> 6
  settle(running)
  return re2(pattern).matcher(text).find()
}

function re2(pattern: string): RE2JS {
  const known = patterns.get(pattern)
  if (known) return known
  if (pattern.length > limits.pattern) throw new EvaluationError('regular expression too long')
  const made = RE2JS.compile(pattern)
  if (patterns.size >= 256) patterns.clear()
  patterns.set(pattern, made)
  return made
}

/** Built-in functions cannot be replaced, so calls of matches() are renamed; patterns written out are checked now. */
function useRe2(root: Step): void {
  for (const { step } of stepsOf(root)) {
    if (step.op !== 'rcall' && step.op !== 'call') continue
    const call = step.args as unknown[]
    const given = call.at(-1) as Step[]
    if (call[0] !== 'matches') continue
    if (step.op === 'rcall' && given.length === 1) call[0] = '__matches'
    const last = given.at(-1)
    if (last?.op !== 'value' || typeof last.args !== 'string') continue
    try {
      re2(last.args)
    } catch (error) {
      const message = `regular expression: ${error instanceof Error ? error.message : 'invalid'}`
      throw new CelTypeError({ code: 'regular_expression', message, range: last })
    }
  }
}
