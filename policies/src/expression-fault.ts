// SPDX-License-Identifier: Apache-2.0
// What went wrong with an expression, for people. The text of an expression is the policy's own and may be quoted when it is
// refused; an evaluation that failed is told by kind and position, because the library's own message quotes the data.
import { BudgetExhausted } from './cel-budget.ts'
import { complain, shown, type Complaint } from './complaint.ts'
import { nearest } from './nearest.ts'

/** Where in the expression, both from 1, and what happened there. */
export type Fault = {
  message: string
  line: number
  column: number
  /** One of our own limits stopped it: another evaluator might have come to a result. */
  ours?: true
}

const longest = 200

/** What the library's errors have in common. */
type CelError = Error & { code: string; summary: string; range?: { start: number; end: number } }

const isCelError = (error: unknown): error is CelError =>
  error instanceof Error && 'summary' in error && 'code' in error

/** An expression that cannot be used. It is the policy's own text, so it may be quoted. */
export function refusal(names: readonly string[], text: string, error: unknown): Complaint {
  const expected = 'a CEL expression'
  if (!isCelError(error))
    return complain('an expression nested too deeply', expected, 'simplify it')
  const { line, column } = positionOf(error, text)
  // Some of the library's messages begin as ours do.
  const summary = error.summary.replace(/^found /, '').replace(/\b__(?=\w+\()/g, '')
  const found = `${summary.slice(0, longest)} at ${line}:${column} of the expression`
  if (
    error.code === 'reserved_identifier' &&
    text.slice(error.range?.start).startsWith('namespace')
  )
    return complain(found, expected, 'the namespace is called namespaceObject')
  if (error.code === 'unknown_variable') {
    const word = text.slice(error.range?.start, error.range?.end)
    const meant = nearest(word, names)
    return complain(
      found,
      `one of ${names.join(', ')}`,
      meant ? `did you mean ${meant}?` : `${shown(word)} is not known here`,
    )
  }
  return complain(found, expected, 'correct it there')
}

const kinds: Record<string, string> = {
  no_such_key: 'a field is missing (ask with has() first)',
  no_such_overload: 'an operation on values it is not defined for',
  no_matching_overload: 'a function on values it is not defined for',
  invalid_logical_operand: 'a value that is not true or false',
  invalid_condition_type: 'a condition that is not true or false',
}

/** An evaluation that failed: by kind, because the library's own message quotes the data. */
export function faultOf(error: unknown, text: string): Fault {
  const nowhere = { line: 1, column: 1 }
  if (error instanceof BudgetExhausted) return { message: error.message, ...nowhere, ours: true }
  if (isCelError(error))
    return { message: kinds[error.code] ?? 'an operation failed', ...positionOf(error, text) }
  const late =
    error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  return {
    message: late ? 'the expression takes too long' : 'an operation failed',
    ...nowhere,
    ours: true,
  }
}

function positionOf({ range }: CelError, text: string): { line: number; column: number } {
  const before = text.slice(0, range?.start ?? 0).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
