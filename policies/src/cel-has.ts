// SPDX-License-Identifier: Apache-2.0
// has() for every selection, as in `has(object.spec.containers[0].image)`. The library knows it for names with dots only,
// and Kubernetes allows any expression before the last dot.
import { stepsOf, type Step } from './cel-budget.ts'

type Checker = {
  check: (step: Step, context: unknown) => unknown
  getType: (name: string) => unknown
}
type FieldReader = (value: unknown, name: unknown, step: Step, evaluator: Evaluator) => unknown
type Evaluator = {
  run: (step: Step, context: unknown) => unknown
  debugType: (value: unknown) => { kind: string; fieldLazy: FieldReader; field: FieldReader }
}
type Call = Step & { setMeta: (key: string, value: unknown) => unknown }

/** Before the check: the library decides what a call is while it parses, and asks its macro again while it checks. */
export function widenHas(root: Step): void {
  for (const { step } of stepsOf(root)) {
    if (step.op !== 'call') continue
    const [name, given] = step.args as [string, Step[]]
    const selection = given[0]
    if (name !== 'has' || given.length !== 1 || selection?.op !== '.' || isPlain(selection))
      continue
    const [operand, field] = selection.args as [Step, string]
    ;(step as Call).setMeta('macro', {
      typeCheck(checker: Checker, _macro: unknown, context: unknown) {
        checker.check(operand, context)
        return checker.getType('bool')
      },
      evaluate(evaluator: Evaluator, _macro: unknown, context: unknown) {
        const value = evaluator.run(operand, context)
        const type = evaluator.debugType(value)
        // Only what has fields can be asked for one; the rest is an error, not a no.
        const read = ['map', 'message', 'optional'].includes(type.kind)
          ? type.fieldLazy
          : type.field
        return read.call(type, value, field, selection, evaluator) !== undefined
      },
    })
  }
}

/** A name with dots: the library's own has() is right for it. */
function isPlain(step: Step): boolean {
  if (step.op === 'id') return true
  return (step.op === '.' || step.op === '.?') && isPlain((step.args as [Step])[0])
}
