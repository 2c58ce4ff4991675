// SPDX-License-Identifier: Apache-2.0
// A decision in the words of the API server: the denial's one line, the warnings, the audit annotations.
// What and why come first and the rule's name is always there; the remedy stays as long as there is room.

import type { Action, Decision } from './admit.ts'
import type { Objection } from './judge.ts'
import {
  allowed,
  cut,
  denied,
  warned,
  warningBytes,
  warningCount,
  type Answer,
  type Review,
} from './review.ts'

export function answerTo(review: Review, decision: Decision): Answer {
  const { action, objections } = decision
  if (action === 'allow') return allowed(review)
  const audit = auditOf(decision)
  const warnings = warningsOf(objections.filter((one) => one.mode === 'warn'))
  if (action === 'deny') return denied(review, denialOf(decision), warnings, audit)
  if (action === 'warn') return warned(review, warnings, audit)
  return allowed(review, audit)
}

const decisionWords: Record<Action, string> = {
  allow: 'allow',
  audit: 'would-deny',
  warn: 'warn',
  deny: 'deny',
}

function auditOf({ action, objections, findings, judgements }: Decision): Record<string, string> {
  const told = objections.length > 0 ? objections.map(({ finding }) => finding) : findings
  const assumed = unique(judgements.flatMap((one) => one.coverages.flatMap((each) => each.assumed)))
  const [first] = objections
  return {
    decision: first === undefined ? 'allow' : decisionWords[action],
    rule: unique(told.map(({ id }) => id)).join(','),
    mesh: unique(told.map(({ mesh }) => mesh).filter((mesh) => mesh !== '')).join(','),
    ...(first === undefined
      ? {}
      : { policy: unique(objections.map((one) => one.policy)).join(',') }),
    ...(assumed.length === 0 ? {} : { assumed: assumed.join('; ') }),
  }
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)]
}

/** One for each thing found, however many policies say it; the last one counts what there is no room for. */
function warningsOf(objections: readonly Objection[]): string[] {
  const lines = unique(objections.map(warningOf))
  if (lines.length <= warningCount) return lines
  const shown = lines.slice(0, warningCount - 1)
  const rest = unique(objections.slice(warningCount - 1).map(({ finding }) => finding.id))
  return [
    ...shown,
    cut(`and ${lines.length - shown.length} more: ${rest.join(', ')}`, warningBytes),
  ]
}

/** An object's name can be as long as a whole warning. */
const nameBytes = 80

function warningOf({ finding, policy }: Objection): string {
  const object = cut(finding.object, nameBytes)
  const what = finding.mesh === '' ? object : `${object} is not covered by ${cut(finding.mesh, 40)}`
  const rule = ` [${cut(finding.id, 64)}]`
  const why = cut(`${what}: ${finding.message}`, warningBytes - Buffer.byteLength(rule)) + rule
  const fuller = [` (${finding.remedy}; ${policy})`, ` (${finding.remedy})`, '']
  const extra = fuller.find((one) => Buffer.byteLength(why + one) <= warningBytes)
  return why + (extra ?? '')
}

/** In all, and for the parts that others write. */
const denialBytes = 2048
const partBytes = 400

function denialOf({ objections, judgements }: Decision): string {
  const denying = objections.filter((one) => one.mode === 'deny')
  const [first, ...rest] = denying
  if (first === undefined) return ''
  const { finding } = first
  const what = finding.mesh === '' ? '' : `not covered by ${finding.mesh}: `
  const others = unique(rest.map((one) => one.finding.id)).filter((id) => id !== finding.id)
  const shown = others.slice(0, 10).join(', ')
  const more =
    others.length === 0
      ? ''
      : `; and ${others.length} more: ${shown}${others.length > 10 ? ', …' : ''}`
  const subject = judgements[0]?.subject
  const owned = subject !== undefined && subject.owner.name !== subject.name
  const of = owned ? ` of ${subject.owner.kind}/${cut(subject.owner.name, nameBytes)}` : ''
  const line =
    `${what}${cut(finding.message, partBytes)} [${finding.id}] in ${cut(finding.object, partBytes)}${of}; ` +
    `${cut(finding.remedy, partBytes)} (${first.policy}, class ${first.class})${more}`
  return cut(line, denialBytes)
}
