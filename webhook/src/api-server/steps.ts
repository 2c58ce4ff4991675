// SPDX-License-Identifier: Apache-2.0
// The questions of the API server's gate in words, with the file of kubernetes/kubernetes that asks each.

import type { Step } from '../step.ts'
import type { Injector } from '../injectors.ts'
import type { Decider } from './gate.ts'
import type { Reply } from './questions.ts'

const folder = 'kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook'

const questions: Record<Decider, { rule: string; file: string }> = {
  exempt: {
    rule: 'Is it a webhook configuration or an admission policy itself?',
    file: 'predicates/rules/rules.go',
  },
  namespaceSelector: {
    rule: 'Does its namespaceSelector fit the namespace?',
    file: 'predicates/namespace/matcher.go',
  },
  objectSelector: {
    rule: 'Does its objectSelector fit the object, as it is or as it was?',
    file: 'predicates/object/matcher.go',
  },
  rules: {
    rule: 'Does one of its rules have this request?',
    file: 'predicates/rules/rules.go',
  },
  matchConditions: {
    rule: 'Are all of its matchConditions true?',
    file: 'matchconditions/matcher.go',
  },
  sideEffects: {
    rule: 'May it be called in a dry run?',
    file: 'mutating/dispatcher.go',
  },
}

export function apiServerStep(
  entry: Injector,
  by: Decider,
  { answer, found }: Reply,
  decides: boolean,
): Step {
  const { rule, file } = questions[by]
  return {
    gate: 'api-server',
    entry: `${entry.name} (${entry.configuration})`,
    rule,
    source: `${folder}/${file}, 1.34–1.36`,
    input: `${by === 'exempt' ? '' : `webhooks[${entry.index ?? 0}].${by}: `}${found}`,
    answer: answer === 'error' ? 'no' : answer,
    decides,
  }
}
