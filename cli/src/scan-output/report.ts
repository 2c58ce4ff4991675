// SPDX-License-Identifier: Apache-2.0
// What every format of a scan is made of: the result, and what of it makes the scan fail.

import {
  severities,
  type ScannedFinding,
  type ScannedSubject,
  type ScanResult,
  type Severity,
} from '../../../webhook/src/index.ts'

export type FailOn = Severity | 'never'

export type ScanReport = {
  result: ScanResult
  failOn: FailOn
  /** Findings of the baseline that no longer occur; null without a baseline. */
  gone: number | null
  /** Also what is covered and has no findings. */
  all: boolean
  /** The folder that paths of files are relative to. */
  folder: string
  version: string
}

export function isFailing(finding: ScannedFinding, failOn: FailOn): boolean {
  if (finding.known === true || failOn === 'never') return false
  return severities.indexOf(finding.severity) <= severities.indexOf(failOn)
}

export function exitOf({ result, failOn }: Pick<ScanReport, 'result' | 'failOn'>): 0 | 1 | 3 {
  if (result.findings.some((finding) => isFailing(finding, failOn))) return 1
  return result.unread.length > 0 ? 3 : 0
}

export type ObjectReport = {
  object: string
  subjects: ScannedSubject[]
  findings: ScannedFinding[]
}

/** In the order of the inputs; objects that are no workload come after those that are. */
export function byObject({ subjects, findings }: ScanResult): ObjectReport[] {
  const objects = new Map<string, ObjectReport>()
  const of = (object: string): ObjectReport => {
    const found = objects.get(object) ?? { object, subjects: [], findings: [] }
    objects.set(object, found)
    return found
  }
  for (const subject of subjects) of(subject.object).subjects.push(subject)
  for (const finding of findings) of(finding.object).findings.push(finding)
  return [...objects.values()]
}

export function isClean({ subjects, findings }: ObjectReport): boolean {
  return findings.length === 0 && subjects.every(({ verdict }) => verdict === 'covered')
}

/** shop.yaml:12 */
export function placeText({ file, line }: { file?: string; line?: number | null }): string {
  if (file === undefined) return ''
  return line === undefined || line === null ? file : `${file}:${line}`
}

/** "blind (exclude-outbound-ports)", with what was assumed said elsewhere. */
export function verdictText({ mesh, verdict, reason }: ScannedSubject): string {
  return `${mesh ?? 'no mesh'}: ${verdict}${reason === null ? '' : ` (${reason})`}`
}

/** "2 critical, 1 high" */
export function severityText(counts: Readonly<Record<Severity, number>>): string {
  return severities
    .filter((one) => counts[one] > 0)
    .map((one) => `${counts[one]} ${one}`)
    .join(', ')
}
