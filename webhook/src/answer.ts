// SPDX-License-Identifier: Apache-2.0
// A decision in the words of the API server: the denial's one line, the warnings, the audit annotations.

import type { Decision } from './admit.ts'
import type { Objection } from './judge.ts'
import { allowed, denied, warned, type Answer, type Review } from './review.ts'

export function answerTo(review: Review, decision: Decision): Answer {
  const { action, objections, findings } = decision
  if (action === 'allow') return allowed(review)
  const first = objections[0]
  const audit: Record<string, string> = {
    decision: action === 'deny' ? 'deny' : action === 'warn' ? 'warn' : 'would-deny',
    rule: (objections.length > 0 ? objections.map(({ finding }) => finding) : findings)
      .map(({ id }) => id)
      .filter((id, index, all) => all.indexOf(id) === index)
      .join(','),
    mesh: first?.finding.mesh ?? findings[0]?.mesh ?? '',
  }
  if (first !== undefined) audit.policy = first.policy
  else audit.decision = 'allow'
  const warnings = objections.filter((one) => one.mode === 'warn').map(warningOf)
  if (action === 'deny' && first !== undefined)
    return denied(review, denialOf(review, objections), warnings, audit)
  if (action === 'warn') return warned(review, warnings, audit)
  return allowed(review, audit)
}

/** What and why come first: the API server's own prefix is in front, and lines get cut. */
function warningOf({ finding, policy }: Objection): string {
  const what =
    finding.mesh === '' ? finding.object : `${finding.object} is not covered by ${finding.mesh}`
  return `${what}: ${finding.message} [${finding.id}] (${finding.remedy}; ${policy})`
}

function denialOf(review: Review, objections: readonly Objection[]): string {
  const denying = objections.filter((one) => one.mode === 'deny')
  const [first, ...rest] = denying
  if (first === undefined) return ''
  const { finding } = first
  const what = finding.mesh === '' ? '' : `not covered by ${finding.mesh}: `
  const more =
    rest.length === 0
      ? ''
      : `; and ${rest.length} more: ${rest.map((one) => one.finding.id).join(', ')}`
  const made = review.name === '' && review.object !== null ? ` of ${finding.object}` : ''
  return `${what}${finding.message} [${finding.id}]${made}; ${finding.remedy} (${first.policy}, class ${first.class})${more}`
}
