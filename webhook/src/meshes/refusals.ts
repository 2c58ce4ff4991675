// SPDX-License-Identifier: Apache-2.0
// A pod that is there was not refused: what would have refused it does not explain why it came out bare.

import { effectOf, type Hit } from '../finding.ts'
import type { Rule } from './rule.ts'
import type { Settings } from './settings.ts'

/** The same rules; of a finished pod they leave out that the injector would refuse it. */
export function refusingBefore<S extends Settings>(rules: readonly Rule<S>[]): Rule<S>[] {
  return rules.map((rule) => ({
    ...rule,
    ask: (input) => {
      const given = rule.ask(input)
      const { hits = [], ...rest } = given
      const left = hits.filter((hit) => effectOf(hit) !== 'rejected')
      if (!input.subject.finished || left.length === hits.length) return given
      return left.length === 0 ? rest : { ...rest, hits: left }
    },
  }))
}

/** Refused, and told for what it is: who runs as the sidecar's user goes past it. */
export function refusedUser(path: string, who: string, user: number): Hit[] {
  const message = `${who} asks for user ${user}, the sidecar's, which the injector refuses`
  const why = `${who} asks for user ${user}, whose traffic is never redirected to the sidecar`
  return [
    { id: 'injector-refuses', path, message },
    { id: 'app-as-proxy-uid', path, message: why, effect: 'rejected' },
  ]
}
