// SPDX-License-Identifier: Apache-2.0
// How much work one evaluation may do. Every step of an expression costs one unit, and values that an operation reads or
// copies cost by their size before it does so; nested loops over a long list therefore end instead of stopping the process.

/** A step of a parsed expression; `args` holds the steps below it, and names and literals. */
export type Step = { op: string; args: unknown; start: number; end: number; evaluate: Evaluate }
type Evaluate = (this: Step, evaluator: unknown, step: Step, context: unknown) => unknown

export class BudgetExhausted extends Error {}

export type Budget = { left: number }

/** One error for all: expressions absorb errors (`|| true`), and making them by the thousand costs more than the loop. */
const exhausted = new BudgetExhausted('the expression does too much work')

/** Throws when more was spent than there was, also where the expression itself absorbed the error. */
export function settle(budget: Budget): void {
  if (budget.left < 0) throw exhausted
}

/** Makes every step below `root` pay into `budget`. */
export function meter(root: Step, budget: Budget): void {
  for (const { step, operand } of stepsOf(root)) {
    let own = step.evaluate
    const paying: Evaluate = (evaluator, _step, context) => {
      if (--budget.left < 0) throw exhausted
      const value = own.call(step, evaluator, step, context)
      if (operand) {
        budget.left -= weight(value, budget.left)
        settle(budget)
      }
      return value
    }
    // The library replaces `evaluate` of a step at its first use; what it puts there becomes what is paid for.
    Object.defineProperty(step, 'evaluate', {
      get: () => paying,
      set: (next: Evaluate) => (own = next),
    })
  }
}

/** Every step of a parsed expression, and whether the step above it reads its value as a whole. */
export function stepsOf(root: Step): { step: Step; operand: boolean }[] {
  const found = new Map<Step, boolean>()
  const visit = (value: unknown, operand: boolean): void => {
    if (Array.isArray(value)) for (const one of value) visit(one, operand)
    else if (isStep(value)) {
      const seen = found.has(value)
      found.set(value, (found.get(value) ?? false) || operand)
      if (!seen) visit(value.args, !['.', '.?', '[]', '[?]', '?:', '&&', '||'].includes(value.op))
    }
  }
  visit(root, false)
  return [...found].map(([step, operand]) => ({ step, operand }))
}

function isStep(value: unknown): value is Step {
  return typeof value === 'object' && value !== null && 'op' in value && 'evaluate' in value
}

/** How much there is to read or copy, to its full depth: a unit for a value and for every eight characters. */
function weight(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length >> 3
  if (typeof value !== 'object' || value === null) return 0
  let total = 0
  const inner: Iterable<unknown> =
    Array.isArray(value) || value instanceof Set
      ? value
      : value instanceof Map
        ? value.values()
        : Object.values(value)
  for (const one of inner) {
    total += 1 + weight(one, most - total)
    if (total > most) break
  }
  return total
}
