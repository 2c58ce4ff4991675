// SPDX-License-Identifier: Apache-2.0
// CEL expressions: typed variables, RE2 for matches(), and bounds on length, work and time.
// What an expression did wrong is told by kind and position, never with the data it looked at (that may be a Secret).
import { Environment, EvaluationError, TypeError as CelTypeError } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { BudgetExhausted, meter, settle, stepsOf, type Budget, type Step } from './cel-budget.ts'
import { CelSets, kubernetesFunctions, renamed } from './cel-functions.ts'
import { widenHas } from './cel-has.ts'
import { toCel } from './cel-value.ts'
import { complain, isComplaint, type Complaint } from './complaint.ts'
import {
  askedUnknown,
  authorizerFunctions,
  CelAuthorizer,
  CelRequest,
  conditionTypes,
  notKnown,
  type RequestPart,
} from './condition-variables.ts'
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

export type ConditionVariables = {
  object: unknown
  oldObject: unknown
  request: Readonly<Record<string, unknown>>
  /** Parts of the request that are not known. */
  unknown: readonly RequestPart[]
}

type Variables = Record<string, unknown>
type Program = (variables: Variables) => Outcome
export type ExpressionUse = 'selection' | 'check' | 'condition'

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
  condition: ['object', 'oldObject', 'request', 'namespaceObject', 'authorizer'],
}

/** What the evaluation under way may still spend; evaluations never overlap. */
const running: Budget = { left: 0 }

const conversions: Record<string, (value: unknown) => unknown> = {
  int: own('int(x)'),
  uint: own('uint(x)'),
}
const equal = own('x == y')
const functions = kubernetesFunctions(
  {
    fail: (message) => {
      throw new EvaluationError(message)
    },
    charge: (units) => {
      running.left -= units
      settle(running)
    },
  },
  (type, value) => conversions[type]?.(value),
  (a, b) => equal(a, b) === true,
)

const environments: Record<ExpressionUse, Environment> = {
  selection: withNamespace().registerVariable('pod', 'dyn'),
  check: withNamespace()
    .registerVariable('object', 'dyn')
    .registerVariable('oldObject', 'dyn')
    .registerVariable('request', 'dyn')
    .registerType('Prediction', {
      ctor: CelPrediction,
      fields: { verdict: 'string', reason: 'string' },
    })
    .registerVariable('predictions', 'map<string, Prediction>'),
  condition: conditions(),
}

function withNamespace(): Environment {
  return environment().registerVariable('namespaceObject', {
    schema: { metadata: { name: 'string', labels: 'map<string, string>' } },
  })
}

/** matchConditions of a webhook. The API server declares namespaceObject to them as well, and gives it no value. */
function conditions(): Environment {
  const made = environment().registerVariable('object', 'dyn').registerVariable('oldObject', 'dyn')
  for (const [name, type] of conditionTypes) made.registerType(name, type)
  for (const one of authorizerFunctions)
    made.registerFunction(`Authorizer.${one}`, () => askedUnknown('authorizer'), { async: false })
  return made
    .registerVariable('request', 'AdmissionRequest')
    .registerVariable('authorizer', 'Authorizer')
    .registerVariable('namespaceObject', 'dyn')
}

function environment(): Environment {
  const made = new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 2_000, maxDepth: 64 },
  })
  made.registerType('Sets', CelSets).registerConstant('sets', 'Sets', new CelSets())
  for (const [signature, handler] of functions)
    made.registerFunction(signature, handler, { async: false })
  return made
    .registerFunction('string.__matches(string): bool', matches, { async: false })
    .registerFunction('matches(string, string): bool', matches, { async: false })
}

/** The library's own meaning of an operation, for values that are already evaluated. */
function own(text: string): (x: unknown, y?: unknown) => unknown {
  const program = new Environment({ unlistedVariablesAreDyn: true }).parse(text)
  return (x, y = null) => program({ x, y }) as unknown
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

/** What the checks of one request have together: so much time, and what was made of their variables. */
export type Allowance = { milliseconds: number; made: Map<unknown, unknown> }

export const allowance = (milliseconds = 1_000): Allowance => ({ milliseconds, made: new Map() })

/** Does the workload pass this check of a CoveragePolicy? */
export function evaluateCheck(
  text: string,
  variables: CheckVariables,
  shared: Allowance = allowance(),
): Outcome {
  if (shared.milliseconds <= 0) {
    const message = 'the checks of this request take too long together'
    return { fault: { message, line: 1, column: 1, ours: true } }
  }
  // Converted once: a policy may have a hundred checks, and an object be some megabytes.
  const once = (value: unknown): unknown => {
    if (!shared.made.has(value)) shared.made.set(value, toCel(value))
    return shared.made.get(value)
  }
  const begun = performance.now()
  const outcome = run('check', text, () => ({
    object: once(variables.object),
    oldObject: once(variables.oldObject),
    request: once(variables.request),
    namespaceObject: namespaceObject(variables.namespace),
    predictions: new Map(
      Object.entries(variables.predictions).map(([mesh, one]) => [mesh, new CelPrediction(one)]),
    ),
  }))
  shared.milliseconds -= performance.now() - begun
  return outcome
}

/** What the API server would get from a matchCondition; unknown where it asks for something that is not known. */
export type ConditionOutcome = { result: boolean } | { error: Fault } | { unknown: string }

export function evaluateCondition(text: string, known: ConditionVariables): ConditionOutcome {
  const program = compiled('condition', text)
  // The API server has more functions than we do, and refuses a configuration that does not compile.
  if (isComplaint(program)) return { unknown: `what we make of the expression: ${program.found}` }
  notKnown.clear()
  const outcome = run('condition', text, () => ({
    object: toCel(known.object),
    oldObject: toCel(known.oldObject),
    request: new CelRequest(toCel(known.request) as typeof known.request, known.unknown),
    authorizer: new CelAuthorizer(),
    namespaceObject: null,
  }))
  if ('result' in outcome) return outcome
  if (notKnown.size > 0) return { unknown: [...notKnown].join(', ') }
  return outcome.fault.ours === true
    ? { unknown: `the result of the expression: ${outcome.fault.message}` }
    : { error: outcome.fault }
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
    useOwn(root)
    widenHas(root)
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

/** Built-in functions cannot be replaced, so their calls are renamed; patterns written out are checked now. */
function useOwn(root: Step): void {
  for (const { step } of stepsOf(root)) {
    if (step.op !== 'rcall' && step.op !== 'call') continue
    const call = step.args as unknown[]
    const given = call.at(-1) as Step[]
    const replacement = step.op === 'call' ? renamed[String(call[0])] : undefined
    if (replacement !== undefined && given.length === 1) call[0] = replacement
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
